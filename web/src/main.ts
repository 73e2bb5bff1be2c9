import "./ui/styles/index.css";
import { mount } from "svelte";
import { browserPorts } from "./api/ports";
import { sharedTokenOf } from "./model/share";
import App from "./ui/App.svelte";
import { Dashboard } from "./ui/dashboard.svelte";

const target = document.getElementById("app");
const shared = sharedTokenOf(location.hash);
window.addEventListener("hashchange", () => {
  // Who follows a link is nobody here, and whose board it is has nothing to do with the link: each begins anew.
  if (sharedTokenOf(location.hash) !== shared) location.reload();
});
if (target && shared !== undefined) void import("./ui/shared/open").then(({ open }) => open(target, shared));
else if (target) void openBoard(target);

async function openBoard(target: HTMLElement): Promise<void> {
  const dashboard = new Dashboard(browserPorts());
  // The language is known before anything is drawn.
  await dashboard.start();
  mount(App, { target, props: { dashboard } });
  // Once a visit, where somebody has notifications: browsers renew subscriptions, and servers may have another key.
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const { lookAfter } = await import("./ui/notified");
  lookAfter(dashboard);
}
