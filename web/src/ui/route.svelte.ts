// Which view the address names. It stands after the `#`, so that a reload and the back button work on any server.

const PAGES = ["board", "settings", "popular", "api"] as const;

export type Route = { view: (typeof PAGES)[number] } | { view: "symbol"; symbol: string };

export function symbolAddress(symbol: string): string {
  return `#/symbols/${encodeURIComponent(symbol)}`;
}

export function addressOf(route: Route): string {
  if (route.view === "symbol") return symbolAddress(route.symbol);
  return route.view === "board" ? "#/" : `#/${route.view}`;
}

export function routeOf(hash: string): Route {
  const symbol = /^#\/symbols\/([^/]+)$/.exec(hash)?.[1];
  if (symbol === undefined) return { view: PAGES.find((page) => hash === `#/${page}`) ?? "board" };
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
