/** Starts the page. */
import { render } from "solid-js/web";
import { createFarm } from "./store/farm";
import "./style/tokens.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/detail.css";
import "./style/side.css";
import { App } from "./view/shell/App";

const place = document.getElementById("page");
if (place !== null) {
  const farm = createFarm(new URL("api/v1/", document.baseURI));
  render(() => <App farm={farm} />, place);
}
