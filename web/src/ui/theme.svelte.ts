// Light or dark: the system's, until the user chooses. public/theme.js applies the choice before the first paint.

const KEY = "quickstocks.theme";

type Shade = "light" | "dark";

export class Theme {
  readonly #system = window.matchMedia("(prefers-color-scheme: dark)");
  #systemIsDark = $state.raw(this.#system.matches);
  #chosen = $state.raw<Shade | undefined>(chosenShade(document.documentElement.dataset.theme));

  readonly shade: Shade = $derived(this.#chosen ?? (this.#systemIsDark ? "dark" : "light"));

  constructor() {
    this.#system.addEventListener("change", (event) => {
      this.#systemIsDark = event.matches;
    });
  }

  toggle(): void {
    this.#chosen = this.shade === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = this.#chosen;
    try {
      localStorage.setItem(KEY, this.#chosen);
    } catch {
      // Storage may be forbidden; the choice then holds for this page.
    }
  }
}

function chosenShade(value: string | undefined): Shade | undefined {
  return value === "light" || value === "dark" ? value : undefined;
}
