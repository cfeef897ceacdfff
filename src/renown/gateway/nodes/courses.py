"""The last minutes of all processes, in each of them."""

from renown.gateway.course import Course
from renown.gateway.nodes.messages import CourseIs, CourseNews, TellCourse
from renown.gateway.nodes.nodes import Nodes, Unanswered

__all__ = ["SharedCourse"]


class SharedCourse:
    """Tells the others what this process notes, and its course what they note."""

    def __init__(self, nodes: Nodes, course: Course) -> None:
        self._nodes = nodes
        self._course = course
        self._whole = False
        """Whether it is known what those noted who are gone."""
        course.noted = self._noted
        nodes.watch(self)
        nodes.hear(CourseNews, lambda node, news: course.take(node, news.rows))
        nodes.answer(TellCourse, self._tell)

    def came(self, node: str) -> None:
        """Ask a node what it noted so far."""
        self._nodes.run(self._learn(node))

    def left(self, node: str) -> None:
        """Nothing to note: what it noted is still true."""

    def led(self) -> None:
        """Nothing to note: who leads does not matter here."""

    def _noted(self) -> None:
        if not self._nodes.alone:
            self._nodes.tell(CourseNews(self._course.newest))

    async def _tell(self, _node: str, asked: TellCourse) -> CourseIs:
        return CourseIs(self._course.rows(whole=asked.whole))

    async def _learn(self, node: str) -> None:
        whole, self._whole = not self._whole, True
        try:
            answer = await self._nodes.ask(node, TellCourse(whole))
        except Unanswered:
            self._whole = self._whole and not whole
            return
        if isinstance(answer, CourseIs):
            for name, rows in answer.rows.items():
                self._course.take(name, rows)
