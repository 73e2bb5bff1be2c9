// Which view the address names. It stands after the `#`, so that a reload and the back button work on any server.

export type Route = { view: "board" } | { view: "symbol"; symbol: string };

export function symbolAddress(symbol: string): string {
  return `#/symbols/${encodeURIComponent(symbol)}`;
}

export function routeOf(hash: string): Route {
  const symbol = /^#\/symbols\/([^/]+)$/.exec(hash)?.[1];
  if (symbol === undefined) return { view: "board" };
  try {
    return { view: "symbol", symbol: decodeURIComponent(symbol).toUpperCase() };
  } catch {
    return { view: "board" };
  }
}

export class Router {
  route = $state.raw<Route>(routeOf(location.hash));

  constructor() {
    window.addEventListener("hashchange", () => {
      this.route = routeOf(location.hash);
    });
  }
}
