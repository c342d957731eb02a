// Run inside a page: what a reader would see wrong in it, one line for each fault,
// and what other pages need to know of it (its ids and links).
() => {
  const faults = [];
  const article = document.querySelector("article") ?? document.body;
  const brief = (element) => {
    const html = element.outerHTML.replace(/\s+/g, " ");
    return html.length > 120 ? html.slice(0, 120) + "…" : html;
  };
  const visible = (element) => element.checkVisibility?.() ?? true;

  // Formulas
  for (const error of document.querySelectorAll("mjx-merror, [data-mjx-error]")) {
    const message = error.getAttribute("data-mjx-error") ?? error.textContent;
    faults.push(`formula error: ${message} in ${brief(error.closest(".math") ?? error)}`);
  }
  for (const math of article.querySelectorAll(".math")) {
    if (!math.querySelector("mjx-container")) faults.push(`formula not typeset: ${brief(math)}`);
  }
  const leftover = /\\\(|\\\[|\\begin\{|\$\$|\$[^$\n]*\\[a-zA-Z]+[^$\n]*\$/;
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const codeLike = "code, pre, script, style, textarea, mjx-container, .math, .highlight, .mathjax_ignore";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest(codeLike)) continue;
    const text = node.textContent.trim();
    if (leftover.test(text)) faults.push(`formula not typeset: ${text.slice(0, 100)}`);
    if (text.includes("???")) faults.push(`unresolved reference: ${text.slice(0, 100)}`);
  }
  for (const broken of article.querySelectorAll(".problematic, .system-message")) {
    faults.push(`unresolved markup: ${brief(broken)}`);
  }

  // Pictures
  for (const image of document.querySelectorAll("img")) {
    const decorative = image.closest("[aria-hidden=true]") || image.getAttribute("role") === "presentation";
    const alt = image.getAttribute("alt")?.trim() ?? "";
    const isPath = /^\S+\.(png|jpe?g|gif|svg|webp)$/i.test(alt);  // what Sphinx puts in for none
    if ((!alt || isPath) && !decorative) faults.push(`image without alt text: ${brief(image)}`);
    if (image.complete && image.naturalWidth === 0) faults.push(`broken image: ${brief(image)}`);
  }
  for (const svg of article.querySelectorAll("svg")) {
    if (svg.closest("[aria-hidden=true], mjx-container, button")) continue;
    if (svg.parentElement.closest("svg")) continue;
    const name = svg.getAttribute("aria-label")?.trim()
      || document.getElementById(svg.getAttribute("aria-labelledby")?.split(" ")[0] ?? "")?.textContent.trim();
    if (!name) faults.push(`svg without aria-label: ${brief(svg)}`);
    const box = svg.getBoundingClientRect();
    if (visible(svg) && (box.width === 0 || box.height === 0)) faults.push(`svg without size: ${brief(svg)}`);
  }

  // Structure
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) {
    faults.push(`duplicate id: ${id}`);
  }
  const headings = [...document.querySelectorAll("h1")].filter(visible).length;
  if (headings !== 1) faults.push(`${headings} h1 headings`);
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");

  // Layout: the page must not scroll sideways; what is wide scrolls in its own box.
  const width = document.documentElement.clientWidth;
  const overflow = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - width;
  if (overflow > 0) {
    const scrolls = (element) => {
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
        if (getComputedStyle(up).overflowX !== "visible") return true;
      }
      return false;
    };
    const wide = [...article.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element))
      .slice(0, 3).map(brief);
    faults.push(`the page is ${overflow} px wider than the screen of ${width} px: ${wide.join(" | ")}`);
  }

  // Contrast of text with what lies behind it
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, bottom) => [0, 1, 2].map((i) => top[i] * top[3] + bottom[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    const layers = [];
    for (let up = element; up; up = up.parentElement) {
      const layer = rgba(getComputedStyle(up).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((c) => {
      c /= 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = new Map();
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || element.closest("script, style, .headerlink, mjx-assistive-mml")) continue;
    if (!visible(element)) continue;
    const style = getComputedStyle(element);
    if (Number(style.opacity) < 0.1) continue;
    const ground = behind(element);
    const ink = over(rgba(element.closest("svg") ? style.fill : style.color), ground);
    const [high, low] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    const kind = `${element.tagName.toLowerCase()}.${element.className?.baseVal ?? element.className}`;
    if (contrast < 4.5 && !faint.has(kind)) faint.set(kind, [contrast, node.textContent.trim().slice(0, 40)]);
  }
  for (const [kind, [contrast, text]] of faint) {
    faults.push(`text hard to read, contrast ${contrast.toFixed(2)}: ${kind} "${text}"`);
  }

  // A link inside an SVG has no plain `href`, so all are resolved here.
  const links = [...document.querySelectorAll("a")]
    .map((link) => link.getAttribute("href") ?? link.getAttribute("xlink:href"))
    .filter((target) => target !== null)
    .map((target) => new URL(target, document.baseURI).href);
  const ground = luminance(behind(article));
  return { faults, ids, links, dark: ground < 0.2 };
}
