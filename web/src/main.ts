import "./ui/styles/index.css";
import { mount } from "svelte";
import { browserPorts } from "./api/ports";
import App from "./ui/App.svelte";
import { Dashboard } from "./ui/dashboard.svelte";

const dashboard = new Dashboard(browserPorts());
const target = document.getElementById("app");
if (target) mount(App, { target, props: { dashboard } });
dashboard.start();
