// A client for browsers (and anything with WebSocket) of Sluice's sub-protocol sluice.v1.json; see docs/commands.md.
//   const sluice = new Sluice('ws://localhost:8080', { rooms: ['chat'] });
//   sluice.onmessage = ({ event, data, room }) => ...;
//   await sluice.publish({ room: 'chat', data: 'hi' });
// It comes back by itself, in the rooms that it was in, with what it has missed.
export class Sluice {
  onmessage = () => {};
  onstate = () => {}; // 'open', 'closed' or 'gap'
  #waiting = new Map(); // by id: { resolve, reject }
  #lastId = 0;
  #pause = 500;
  #position = '';

  constructor(url, { rooms = ['lobby'], token } = {}) {
    Object.assign(this, { url, token, rooms: new Set(rooms) });
    this.#connect();
  }
  #connect() {
    const query = new URLSearchParams([...this.rooms].map((room) => ['room', room]));
    if (this.#position) query.set('since', this.#position);
    this.socket = new WebSocket(`${this.url}/?${query}`, ['sluice.v1.json', ...(this.token ? [`bearer.${this.token}`] : [])]);
    this.socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    this.socket.onclose = ({ code }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the connection has ended (${code})`));
      this.#waiting.clear();
      this.onstate('closed', code);
      if (this.isEnded) return;
      setTimeout(() => this.#connect(), this.#pause * (0.5 + Math.random())); // jittered: not all clients at once
      this.#pause = Math.min(this.#pause * 2, 30_000);
    };
  }
  #take(object) {
    this.#position = object.position ?? this.#position;
    if ('reply' in object) {
      const { resolve, reject } = this.#waiting.get(object.reply) ?? {};
      this.#waiting.delete(object.reply);
      if (object.error) reject?.(Object.assign(new Error(object.error.message), { code: object.error.code }));
      else resolve?.(object.ok);
    } else if (object.notice === 'open') {
      this.#pause = 500;
      this.onstate('open', object.id);
    } else if (object.notice === 'gap') this.onstate('gap', object.reason);
    else this.onmessage(object);
  }
  #say(command) {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== 1) return reject(new Error('not connected'));
      this.#waiting.set(++this.#lastId, { resolve, reject });
      this.socket.send(JSON.stringify({ id: this.#lastId, ...command }));
    });
  }

  join = async (...rooms) => (await this.#say({ join: { rooms } })) && rooms.forEach((room) => this.rooms.add(room));
  leave = async (...rooms) => (await this.#say({ leave: { rooms } })) && rooms.forEach((room) => this.rooms.delete(room));
  publish = (message) => this.#say({ publish: message }); // { room?, event?, data }
  request = async (message) => (await this.#say({ request: message })).data; // what a backend answers
  presence = async (...rooms) => (await this.#say({ presence: { rooms } })).members;
  renew = (token) => this.#say({ token: (this.token = token) });
  close = () => ((this.isEnded = true), this.socket.close());
}
