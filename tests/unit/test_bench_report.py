"""What the benches make of their figures."""

from dataclasses import replace

import pytest

from bench.__main__ import into_page
from bench.contestants import SendLoop, ShortSendLoop
from bench.fanout import Sample, summary
from bench.latency import SUBJECTS, arrivals, waits
from bench.loadgen import LoadGenerator
from bench.renown_gateway import RenownGateway, RenownGatewayProtobuf
from bench.report import Goal, Report, Table

SAMPLE = Sample(
    name="floor", subscribers=10, cpu_us=4.0, rate=1000, core=1.0, busiest=0.5, per_frame=1.0, bytes=154,
    p50_ms=1.0, p99_ms=2.0, waits=0, lost=0, closed=0, others=0.0,
)  # fmt: skip


def test_ratio_is_the_median_of_each_turn_against_the_floor_of_the_same_turn():
    """In weather that slows all alike the ratio stays, though the figures do not."""
    turns = [
        [
            replace(SAMPLE, cpu_us=c, rate=1000 / c),
            replace(SAMPLE, name="ours", cpu_us=c * 1.3, rate=800 / c),
        ]
        for c in (4, 9, 5)
    ]
    turns[1][1] = replace(turns[1][1], cpu_us=90.0, lost=7)

    table, ratios = summary(turns)

    assert (ratios["floor"].cpu, ratios["floor"].rate) == (1.0, 1.0)
    assert (ratios["ours"].cpu, ratios["ours"].rate) == pytest.approx((1.3, 0.8))
    ours = dict(zip(table.columns, table.rows[1], strict=True))
    assert ours["CPU µs/delivery"] == "6.50"
    assert ours["range"] == "5.20–90.00"
    assert ours["lost"] == "7"


def test_protobuf_is_compared_with_a_loop_whose_frames_are_as_short():
    names = (SendLoop.name, ShortSendLoop.name, RenownGateway.name, RenownGatewayProtobuf.name)
    rates = (1000, 1250, 900, 1000)
    turn = [replace(SAMPLE, name=name, rate=rate) for name, rate in zip(names, rates, strict=True)]

    _, ratios = summary([turn])

    assert ratios[RenownGateway.name].rate == pytest.approx(0.9)
    assert ratios[RenownGatewayProtobuf.name].rate == pytest.approx(0.8)


def test_table_is_markdown_with_the_first_column_to_the_left():
    text = Table("Title", ("what", "n"), [("a", "1"), ("longer", "1,000")]).markdown()

    assert text.splitlines() == [
        "**Title**",
        "",
        "| what   |     n |",
        "|:-------|------:|",
        "| a      |     1 |",
        "| longer | 1,000 |",
    ]


@pytest.mark.parametrize(
    "ours,limit,at_most,met",
    [(1.5, 1.5, True, True), (1.6, 1.5, True, False), (15_000, 15_000, False, True), (9, 10, False, False)],
)
def test_goal_is_met_on_the_right_side_of_its_limit(ours: float, limit: float, at_most: bool, met: bool):
    goal = Goal("speed", ours, limit, "x", at_most=at_most)

    assert goal.met is met
    assert ("**not met**" in goal.line()) is not met


def test_report_keeps_raw_figures_beside_the_tables():
    report = Report("name", "Title", goals=[Goal("g", 1, 2)], raw={"n": 1})

    assert report.json()["raw"] == {"n": 1}
    assert report.json()["goals"][0]["met"] is True
    assert "(goal ≤ 2 )" in report.markdown()


def test_arrivals_belong_to_the_versions_that_posts_made():
    """Frames may hold several publications; versions from before the measurement count for nothing."""
    push = '{{"push":{{"pub":{{"data":{{"subject":"seller:{}","version":{}}}}}}}}}'
    record = [
        f"1000 0 {push.format(3, 5)}",
        f"2000 1 {push.format(3, 6)}",
        push.format(4, 5),
        f"9000 2 {push.format(9, 1)}",
    ]
    posts = ["3 400 999", "4 1500 2100", f"{3 + SUBJECTS} 1900 2500"]

    found = arrivals(record)

    assert found == {(3, 5): [1000], (3, 6): [2000], (4, 5): [2000], (9, 1): [9000]}
    assert waits(posts, found, first_version=5) == pytest.approx([6e-7, 5e-7, 1e-7])


def test_counts_between_two_looks():
    look = {"t": 0, "frames": 1, "messages": 1, "bytes": 10, "closed": 0, "cpu": [0, 0]}
    later = {"t": 2_000_000_000, "frames": 5, "messages": 9, "bytes": 110, "closed": 1,
             "cpu": [500_000_000, 1_000_000_000], "latency": {"p50": 1e6, "p99": 2e6}}  # fmt: skip

    counts = LoadGenerator.between(look, later)

    assert (counts.frames, counts.messages, counts.bytes, counts.closed) == (4, 8, 100, 1)
    assert counts.busiest == 0.5
    assert (counts.p50_ms, counts.p99_ms) == (1.0, 2.0)


def test_figures_go_between_the_marks_of_a_page():
    page = "# Title\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nafter\n"

    new = into_page(page, "new\n")

    assert new == "# Title\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nafter\n"
    assert into_page(new, "new") == new
    with pytest.raises(ValueError, match="no <!-- figures"):
        into_page("# Title\n", "new")
