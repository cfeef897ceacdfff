import * as api from "../data/api.ts";
import { Problem } from "../data/http.ts";

const points = 24;
const abreast = 3;

/** The recent course of each score on the board: read once, then carried on by the live changes. */
export class Sparks {
  private readonly courses = new Map<string, number[]>();
  private readonly waiting: string[] = [];
  private readonly changed: () => void;
  private reading = 0;

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** The course of `subject`; asks for it when it is not known yet. */
  of(subject: string): readonly number[] {
    const course = this.courses.get(subject);
    if (course) return course;
    this.courses.set(subject, []);
    this.waiting.push(subject);
    this.next();
    return [];
  }

  push(subject: string, score: number): void {
    const course = this.courses.get(subject);
    if (!course?.length) return;
    this.courses.set(subject, [...course, score].slice(-points));
  }

  private next(): void {
    while (this.reading < abreast && this.waiting.length > 0) {
      this.reading++;
      void this.read(this.waiting.shift() ?? "").finally(() => {
        this.reading--;
        this.next();
      });
    }
  }

  private async read(subject: string): Promise<void> {
    try {
      const history = await api.history(subject, points);
      this.courses.set(subject, history.points.map((point) => point.score));
      this.changed();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.courses.delete(subject);
    }
  }
}
