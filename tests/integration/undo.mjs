// Registers what is to be undone as a test does (`t.after`), for what outlives one test or must end in the reverse order.
export class Undo {
  #all = [];
  after(undo) {
    this.#all.push(undo);
  }
  async run() {
    const failures = [];
    for (const undo of this.#all.splice(0).reverse()) await Promise.resolve().then(undo).catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
