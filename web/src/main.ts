import "./ui/styles/index.css";
import { mount } from "svelte";
import { browserPorts } from "./api/ports";
import App from "./ui/App.svelte";
import { Dashboard } from "./ui/dashboard.svelte";

const dashboard = new Dashboard(browserPorts());
const target = document.getElementById("app");
// The language is known before anything is drawn.
void dashboard.start().then(() => {
  if (target) mount(App, { target, props: { dashboard } });
  // Once a visit, where somebody has notifications: browsers renew subscriptions, and servers may have another key.
  if ("Notification" in window && Notification.permission === "granted") void import("./ui/notified").then(({ lookAfter }) => lookAfter(dashboard));
});
