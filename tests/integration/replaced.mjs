// A file of the product with other places in it. What is replaced has to be there, or nothing would be tested.
export function replaced(text, changes) {
  return Object.entries(changes).reduce((changed, [what, by]) => {
    if (!changed.includes(what)) throw new Error(`nowhere is '${what}' to be replaced`);
    return changed.replaceAll(what, by);
  }, text);
}
