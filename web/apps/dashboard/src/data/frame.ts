/** Runs a callback once in the next animation frame however often it was asked for. */
export class Frame {
  private readonly work: () => void;
  private handle = 0;

  constructor(work: () => void) {
    this.work = work;
  }

  ask(): void {
    if (this.handle) return;
    this.handle = requestAnimationFrame(() => {
      this.handle = 0;
      this.work();
    });
  }

  cancel(): void {
    cancelAnimationFrame(this.handle);
    this.handle = 0;
  }
}
