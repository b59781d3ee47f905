// What each client of a crowd notes, whatever it speaks: the numbers that it has seen of its room, and how it came back.

export class Member {
  last = null; // the number seen last
  seen = 0;
  lost = 0;
  doubled = 0;
  gaps = []; // why it was told that something is lost
  opened = 0; // times that it was let in
  refusals = []; // why it was not
  returns = []; // when it came back, as milliseconds since 1970
  isOver = false;

  constructor(addresses, room) {
    this.addresses = addresses; // { http, tcp, udp } of the Service
    this.room = room;
  }
  // Messages of a room are numbered one after the other.
  see(text) {
    const number = Number(text);
    this.seen += 1;
    if (this.last !== null && number <= this.last) this.doubled += 1;
    else if (this.last !== null) this.lost += number - this.last - 1;
    if (this.last === null || number > this.last) this.last = number;
  }
  // What a wire tells enveloped: a message, or that some were lost.
  hear({ event, data, position, notice, reason }) {
    if (notice === 'gap') this.gaps.push(reason);
    if (event !== undefined) this.see(data);
    if (position) this.position = position;
  }
  letIn() {
    this.opened += 1;
    if (this.opened > 1) this.returns.push(Date.now());
  }
  refused(why) {
    if (!this.isOver) this.refusals.push(`${this.wire}: ${why}`);
  }
  // Comes back as applications are told to: soon, but not all at the same moment.
  comeBack(again) {
    if (!this.isOver) setTimeout(() => this.isOver || again(), Math.random() * 1000);
  }
}
