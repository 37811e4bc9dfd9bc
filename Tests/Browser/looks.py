"""What is looked at, not asked: widths, contrast, and pictures for people."""
import os, subprocess, time

from bed import Bed, Wire, ordinary, until

# The contrast of every visible piece of text with what is behind it, by WCAG 2.1.
CONTRAST = """
const channel = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const parse = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const over = ([r, g, b, a = 1], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
const behind = node => {
  const layers = [];
  for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  return layers.reverse().reduce((below, layer) => over(layer, below), canvas);
};
const poor = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
  if (!own || !node.getClientRects().length || node.closest("noscript, script, style")) continue;
  const style = getComputedStyle(node), back = behind(node);
  const text = over(parse(node.namespaceURI.endsWith("svg") ? style.fill : style.color), back);
  const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
  const size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
  if ((a + .05) / (b + .05) < (isLarge ? 3 : 4.5)) poor.push(node.tagName + " " + node.textContent.slice(0, 40) + " " + ((a + .05) / (b + .05)).toFixed(2));
}
return poor;
"""


def contrast(page):
    poor = page.run(CONTRAST)
    assert not poor, poor


def width(page):
    """Nothing is beside the screen."""
    over = page.run("""
        const most = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= most) return [];
        return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > most + 1 && !e.closest(".scroll, pre")).map(e => e.tagName + "#" + e.id);""")
    assert not over, over


def pictures(sluice, browser, folder):
    """The page at both widths, in both lights, with traffic and something that differs."""
    os.makedirs(folder, exist_ok=True)

    def some(wire, turn):
        ordinary(wire, turn)
        wire.ask("TTL", f"price:{turn % 20}")
        wire.ask("GET", f"missing:{turn % 50}")
    with Bed(sluice, percent=25, divergenceRate=1, plan={"minimumSeconds": 60, "minimumCompared": 100_000}) as bed:
        client, new = bed.client(), Wire(bed.new)
        for number in range(20):
            client.ask("SET", f"price:{number}", "120")
        until("all is mirrored", lambda: new.ask("EXISTS", "price:19") == b"1")
        for number in range(20):
            new.ask("EXPIRE", f"price:{number}", "86400")
        bed.load(some)
        client.ask("DEBUG", "SLEEP", "0")
        page = browser.open(bed.url).live()
        time.sleep(25)
        bed.control("CLOSE", "KIND=ttl", "KEYS=price:*", "on new a price may end after a day")
        bed.control("STAGE", "live", "50", "FORCE", "a picture")
        time.sleep(25)
        for dark in (False, True):
            for wide, high in ((1280, 800), (375, 900)):
                page.size(wide, high, dark)
                page.run("charts()")
                time.sleep(0.7)
                page.picture(f"{folder}/page-{wide}-{'dark' if dark else 'light'}.png")
        bed.control("ROLLBACK", "p99 on checkout")
        page.size(1280, 800)
        until("it is rolled back", lambda: page.text("state").startswith("ROLLED BACK"))
        time.sleep(1)
        page.picture(f"{folder}/page-rolled-back.png")


def readme(sluice, browser):
    """The lines of the README's first rollout, with the page open: after each it shows what is in force."""
    with Bed(sluice, stage="off", percent=0) as bed:
        page = browser.open(bed.url).live()
        bed.load(ordinary)
        shown = {"dualwrite": "dualwrite", "shadow": "shadow", "live": "live", "ramp": "live", "rollback": "ROLLED BACK", "rearm": "shadow"}
        for line in ("stage dualwrite", "stage shadow", "stage live 25", "ramp 50", "ramp 100", "rollback why", "rearm"):
            words = line.split()
            answer = subprocess.run([sluice, *words, "--control", f"127.0.0.1:{bed.ports[1]}"], capture_output=True, text=True)
            if answer.returncode == 65:  # its gates; this is about the page
                answer = subprocess.run([sluice, *words, "--force", "a test", "--control", f"127.0.0.1:{bed.ports[1]}"], capture_output=True, text=True)
            assert answer.returncode == 0, (line, answer.stderr)
            state = next(shown[word] for word in reversed(words) if word in shown)
            until(f"the page shows {line}", lambda: page.text("state").startswith(state), 3)
            if words[-1].isdigit():
                until(f"the page shows {line}", lambda: page.text("state") == f"live {words[-1]} %", 3)
            width(page)
        assert not page.complaints(), page.complaints()
