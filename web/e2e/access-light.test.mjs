import { testEveryView } from "./every-view.mjs";

testEveryView("light");
