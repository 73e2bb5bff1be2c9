import { beforeEach, describe, expect, it } from "vitest";
import { LiveConnection } from "../src/api/live";
import { Backoff } from "../src/model/backoff";
import type { Frame } from "../src/model/types";
import type { ConnectionState } from "../src/model/words";
import { FakePorts, settled } from "./support/ports";

let ports: FakePorts;
let states: ConnectionState[];
let frames: Frame[];
let lastTick: number | undefined;
let prepare: () => Promise<string>;
let live: LiveConnection;

const phase = (): string | undefined => states.at(-1)?.phase;

beforeEach(() => {
  ports = new FakePorts();
  states = [];
  frames = [];
  lastTick = undefined;
  let tickets = 0;
  prepare = async () => `/ws?ticket=${(tickets += 1)}`;
  live = new LiveConnection(ports, {
    prepare: () => prepare(),
    onState: (state) => states.push(state),
    onFrame: (frame) => frames.push(frame),
    lastTick: () => lastTick,
  });
});

async function connected(): Promise<void> {
  live.start();
  await settled();
  ports.socket.accept();
}

describe("the connection", () => {
  it("opens with a ticket, says hello, and is live when that is answered", async () => {
    live.start();
    expect(phase()).toBe("connecting");
    await settled();
    expect(ports.socket.path).toBe("/ws?ticket=1");
    ports.socket.onopen?.();
    expect(ports.socket.sent).toEqual([{ action: "hello" }]);
    expect(phase()).toBe("connecting");
    ports.socket.receive({ type: "hello", tick: 4, polled_at: 1, server_time: 1 });
    expect(phase()).toBe("live");
    expect(frames.map((frame) => frame.type)).toEqual(["hello"]);
  });

  it("comes back with a new ticket after a loss, and asks for what it missed", async () => {
    await connected();
    lastTick = 41;
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
    await ports.pass(250);
    expect(ports.socket.path).toBe("/ws?ticket=2");
    ports.socket.onopen?.();
    expect(ports.socket.sent).toEqual([{ action: "hello", since: 41 }]);
  });

  it("waits longer each time, and starts from the beginning after a connection that held", async () => {
    prepare = () => Promise.reject(new Error("down"));
    live.start();
    await settled();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const state = states.at(-1);
      if (state?.phase !== "waiting") throw new Error(`it is ${state?.phase}`);
      waits.push(state.retryAt - ports.time);
      if (attempt === 3) prepare = async () => "/ws?ticket=x";
      await ports.pass(state.retryAt - ports.time);
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
    ports.socket.accept();
    await ports.pass(10_000);
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
  });

  it("waits at least as long as the server asks for when it says goodbye", async () => {
    await connected();
    ports.socket.receive({ type: "bye", reason: "restart", reconnect_in: 5000 });
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 5250 });
  });

  it("gives up a socket that does not answer hello, and one that does not answer a ping", async () => {
    live.start();
    await settled();
    ports.socket.onopen?.();
    const mute = ports.socket;
    await ports.pass(15_000);
    expect(mute.closed).toBe(true);
    expect(phase()).toBe("waiting");
    await ports.pass(1000);
    ports.socket.accept();
    const second = ports.socket;
    await ports.pass(4 * 60_000);
    expect(second.sent.at(-1)).toEqual({ action: "ping" });
    await ports.pass(15_000);
    expect(second.closed).toBe(true);
  });

  it("is kept by a pong, and asks for everything since the last time every five minutes", async () => {
    await connected();
    lastTick = 10;
    await ports.pass(4 * 60_000);
    ports.socket.receive({ type: "pong", tick: 10, polled_at: 1, server_time: 1 });
    await ports.pass(60_000);
    expect(ports.sockets).toHaveLength(1);
    expect(ports.socket.sent).toEqual([{ action: "hello" }, { action: "ping" }, { action: "hello" }]);
    lastTick = 20;
    ports.socket.receive({ type: "hello", tick: 20, polled_at: 1, server_time: 1 });
    await ports.pass(3 * 60_000);
    ports.socket.receive({ type: "pong", tick: 20, polled_at: 1, server_time: 1 });
    await ports.pass(2 * 60_000);
    expect(ports.socket.sent.at(-1), "from where the resync before began").toEqual({ action: "hello", since: 10 });
    expect(phase()).toBe("live");
  });

  it("pauses with the page, also when the page was hidden before it opened", async () => {
    await connected();
    lastTick = 7;
    live.setPaused(true);
    live.setPaused(true);
    live.setPaused(false);
    expect(ports.socket.sent.slice(1)).toEqual([{ action: "pause" }, { action: "resume", since: 7 }]);
    live.setPaused(true);
    live.restart();
    await settled();
    ports.socket.accept();
    expect(ports.socket.sent.map((frame) => (frame as { action: string }).action)).toEqual(["hello", "pause"]);
  });

  it("rests without a network and connects at once when it is back", async () => {
    await connected();
    ports.isOnline = false;
    live.networkChanged();
    expect(phase()).toBe("offline");
    expect(ports.socket.closed).toBe(true);
    expect(ports.pendingTimers).toBe(0);
    ports.isOnline = true;
    live.networkChanged();
    await settled();
    ports.socket.accept();
    expect(phase()).toBe("live");
  });

  it("connects at once when it is told to", async () => {
    await connected();
    ports.socket.lose();
    live.retryNow();
    expect(phase()).toBe("connecting");
    await settled();
    expect(ports.sockets).toHaveLength(2);
    live.retryNow();
    await settled();
    expect(ports.sockets, "there is nothing to wait for now").toHaveLength(2);
  });

  it("leaves nothing behind when it is stopped, whatever comes late", async () => {
    await connected();
    const socket = ports.socket;
    const late = socket.onmessage;
    live.stop();
    late?.({ data: '{"type":"pong","tick":1}' });
    expect(socket.closed).toBe(true);
    expect(ports.pendingTimers).toBe(0);
    expect(frames.map((frame) => frame.type)).toEqual(["hello"]);
    live.start();
    live.stop();
    await settled();
    expect(ports.sockets, "a ticket that comes too late opens nothing").toHaveLength(1);
  });
});

describe("the connection in odd moments", () => {
  it("passes over frames it cannot read and those of a socket it has given up", async () => {
    await connected();
    const old = ports.socket;
    const [message, close] = [old.onmessage, old.onclose];
    old.receive({ type: "new_in_version_9" });
    message?.({ data: "nonsense" });
    message?.({ data: new ArrayBuffer(4) });
    expect(frames).toHaveLength(1);
    live.restart();
    await settled();
    ports.socket.accept();
    expect([old.onopen, old.onmessage, old.onclose]).toEqual([null, null, null]);
    message?.({ data: '{"type":"pong","tick":1}' });
    close?.({ code: 1006 });
    expect(frames.map((frame) => frame.type)).toEqual(["hello", "hello"]);
    expect(phase()).toBe("live");
  });

  it("says nothing before it was greeted", async () => {
    live.start();
    await settled();
    live.setPaused(true);
    live.setPaused(false);
    ports.socket.onopen?.();
    live.setPaused(true);
    expect(ports.socket.sent).toEqual([{ action: "hello" }]);
  });

  it("only what answers a ping counts as its answer", async () => {
    await connected();
    await ports.pass(4 * 60_000);
    ports.socket.receive({ type: "status", tick: 1, polled_at: 1, source: { state: "ok" } });
    await ports.pass(15_000);
    expect(phase()).toBe("waiting");
  });

  it("pings every four minutes for as long as it is answered", async () => {
    await connected();
    live.setPaused(true);
    for (let ping = 0; ping < 5; ping += 1) {
      await ports.pass(4 * 60_000);
      ports.socket.receive({ type: "pong", tick: 1, polled_at: 1, server_time: 1 });
    }
    const actions = ports.socket.sent.map((frame) => (frame as { action: string }).action);
    expect(actions, "and a hidden page asks for no resync").toEqual(["hello", "pause", "ping", "ping", "ping", "ping", "ping"]);
    expect(ports.sockets).toHaveLength(1);
  });

  it("is live once, however often hello is answered", async () => {
    await connected();
    ports.socket.receive({ type: "hello", tick: 2, polled_at: 1, server_time: 1 });
    expect(states.filter((state) => state.phase === "live")).toHaveLength(1);
  });

  it("a socket that never opens is given up", async () => {
    live.start();
    await settled();
    await ports.pass(14_999);
    expect(phase()).toBe("connecting");
    await ports.pass(1);
    expect(phase()).toBe("waiting");
  });

  it("keeps waiting longer while connections do not hold", async () => {
    await connected();
    const waits: number[] = [];
    for (let loss = 0; loss < 3; loss += 1) {
      await ports.pass(9999);
      ports.socket.lose();
      const state = states.at(-1);
      if (state?.phase !== "waiting") throw new Error(`it is ${state?.phase}`);
      waits.push(state.retryAt - ports.time);
      await ports.pass(state.retryAt - ports.time);
      ports.socket.accept();
    }
    expect(waits).toEqual([250, 500, 1000]);
  });

  it("waits as the server asked for once only", async () => {
    await connected();
    ports.socket.receive({ type: "bye", reason: "restart", reconnect_in: 5000 });
    ports.socket.lose();
    await ports.pass(5250);
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 500 });
  });

  it("a goodbye without a time is followed by an ordinary wait", async () => {
    await connected();
    ports.socket.receive({ type: "bye", reason: "restart" });
    ports.socket.lose();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
  });

  it.each(["stop", "restart"] as const)("a preparation that fails after %s changes nothing", async (what) => {
    let fail: (error: Error) => void = () => undefined;
    const answers = [new Promise<string>((_, reject) => (fail = reject)), Promise.resolve("/ws?ticket=second")];
    prepare = () => answers.shift() ?? Promise.reject(new Error("asked too often"));
    live.start();
    live[what]();
    await settled();
    const before = [...states];
    fail(new Error("late"));
    await settled();
    expect(states).toEqual(before);
    expect(ports.sockets.map((socket) => socket.path)).toEqual(what === "stop" ? [] : ["/ws?ticket=second"]);
    expect(phase()).toBe("connecting");
  });
});

describe("without a network", () => {
  it("does not even try at the start", async () => {
    ports.isOnline = false;
    live.start();
    await settled();
    expect(states).toEqual([{ phase: "offline" }]);
    expect(ports.sockets).toHaveLength(0);
    expect(ports.pendingTimers).toBe(0);
  });

  it("a lost socket is not waited for", async () => {
    await connected();
    ports.isOnline = false;
    ports.socket.lose();
    expect(phase()).toBe("offline");
    expect(ports.pendingTimers).toBe(0);
  });

  it("starts the waits from the beginning when it is back", async () => {
    prepare = () => Promise.reject(new Error("down"));
    live.start();
    await ports.pass(3000);
    ports.isOnline = false;
    live.networkChanged();
    ports.isOnline = true;
    live.networkChanged();
    await settled();
    expect(states.at(-1)).toEqual({ phase: "waiting", retryAt: ports.time + 250 });
  });

  it("word of a network that was never lost does not disturb the socket", async () => {
    await connected();
    live.networkChanged();
    await settled();
    expect(ports.sockets).toHaveLength(1);
    expect(ports.socket.closed).toBe(false);
  });

  it("nothing moves a connection that is stopped", async () => {
    await connected();
    live.stop();
    const before = states.length;
    live.restart();
    live.retryNow();
    live.networkChanged();
    ports.isOnline = false;
    live.networkChanged();
    await ports.pass(600_000);
    expect(states).toHaveLength(before);
    expect(ports.sockets).toHaveLength(1);
    expect(ports.pendingTimers).toBe(0);
  });
});

describe("the back-off", () => {
  it.each([
    [0, [200, 200, 200]],
    [0.999, [500, 999, 1998]],
  ])("with a chance of %d waits %o", (chance, waits) => {
    const backoff = new Backoff(() => chance);
    expect(waits.map(() => backoff.next())).toEqual(waits);
  });

  it("never waits longer than half a minute on its own account", () => {
    const backoff = new Backoff(() => 1);
    const waits = Array.from({ length: 20 }, () => backoff.next());
    expect(Math.max(...waits)).toBe(30_000);
    expect(backoff.next(60_000)).toBe(90_000);
    expect(new Backoff(() => 0).next(60_000), "what the server asks for is the least").toBe(60_000);
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });
});
