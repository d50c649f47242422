// Keeps the end of the text in view for a reader who is there, and leaves everyone else alone.

const NEAR_PX = 140;
const MARGIN_PX = 40;

/** `tail()` gives the element whose end is the end of the text; `bar` covers the bottom of the window. */
export class Follower {
  #tail;
  #bar;
  #following = true;
  #asked = 0;
  #lastY = 0;

  constructor(tail, bar) {
    this.#tail = tail;
    this.#bar = bar;
    window.addEventListener("scroll", () => this.#look(), { passive: true });
  }

  /** The text grew. Measured once a frame: reading a layout at every token would make long texts slow. */
  nudge() {
    if (this.#following && !this.#asked) this.#asked = requestAnimationFrame(() => this.#scroll());
  }

  /** A new text: `following` says whether the reader watches it being written or reads it from its top. */
  restart(following) {
    this.#following = following;
  }

  #overhang() {
    const tail = this.#tail();
    return tail ? tail.getBoundingClientRect().bottom - (window.innerHeight - this.#bar.offsetHeight) : 0;
  }

  // Only scrolling up is leaving: a scroll down may be our own, and the text may have grown since.
  #look() {
    const movedUp = window.scrollY < this.#lastY;
    this.#lastY = window.scrollY;
    const atEnd = this.#overhang() < NEAR_PX;
    if (movedUp || atEnd) this.#following = atEnd;
  }

  #scroll() {
    this.#asked = 0;
    const distance = this.#overhang() + MARGIN_PX;
    if (distance > 0) window.scrollBy(0, distance);
  }
}
