// Which view the address names. It stands after the `#`, so that a reload and the back button work on any server.

const PAGES = ["board", "settings", "popular", "api", "inbox"] as const;

export type Route = { view: (typeof PAGES)[number] } | { view: "symbol" | "alerts"; symbol: string };

export function symbolAddress(symbol: string): string {
  return `#/symbols/${encodeURIComponent(symbol)}`;
}

/** The alerts, with a new one of a symbol begun when there is one. */
export function alertsAddress(symbol = ""): string {
  return symbol === "" ? "#/alerts" : `#/alerts/${encodeURIComponent(symbol)}`;
}

export function addressOf(route: Route): string {
  if (route.view === "symbol") return symbolAddress(route.symbol);
  if (route.view === "alerts") return alertsAddress(route.symbol);
  return route.view === "board" ? "#/" : `#/${route.view}`;
}

export function routeOf(hash: string): Route {
  const [, place, symbol] = /^#\/(symbols|alerts)\/([^/]+)$/.exec(hash) ?? [];
  if (hash === "#/alerts") return { view: "alerts", symbol: "" };
  if (symbol === undefined) return { view: PAGES.find((page) => hash === `#/${page}`) ?? "board" };
  try {
    return { view: place === "alerts" ? "alerts" : "symbol", symbol: decodeURIComponent(symbol).toUpperCase() };
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
