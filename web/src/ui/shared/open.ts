// Opens what a link to a list shows, in the place of the board.

import { mount } from "svelte";
import { browserPorts } from "../../api/ports";
import SharedPage from "./SharedPage.svelte";
import { SharedView } from "./shared.svelte";

export async function open(target: HTMLElement, token: string): Promise<void> {
  const view = new SharedView(browserPorts(), token);
  await view.start();
  mount(SharedPage, { target, props: { view } });
}
