"use strict";
// Draws every chart of the page, in order; colours are CSS variables, so no chart is drawn twice.
(async () => {
  const options = { actions: false, renderer: "svg", config: CONFIG, defaultStyle: false, tooltip: { theme: "page", disableDefaultStyle: true } };
  for (const place of document.querySelectorAll(".chart")) {
    const spec = JSON.parse(place.querySelector("script").textContent);
    const canvas = document.createElement("div");
    place.append(canvas);
    await vegaEmbed(canvas, spec, options);
  }
  document.documentElement.dataset.charts = "drawn";
})();
