#!/usr/bin/env python3
"""The page of the admin door in a real Chromium, before a real proxy and two real servers.

    cases.py SLUICE [--core] [--only NAME …] [--pictures FOLDER]

--core leaves out what wants an optimised build. --pictures also keeps screenshots.
"""
import argparse, http.server, os, sys, threading, time, traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from selenium.webdriver.common.keys import Keys

from bed import Bed, Browser, Wire, ordinary, until
from looks import contrast, pictures, readme, width


def numbers(sluice, browser):
    """The page's numbers are those of /api/status, under load."""
    with Bed(sluice) as bed:
        bed.load(ordinary)
        page = browser.open(bed.url).live()
        until("traffic is on the page", lambda: page.frame()["compare"]["matched"] > 200)
        bed.stop_clients()
        time.sleep(1.2)  # a frame later than the last command, and one more
        status, frame = bed.status(), page.frame()
        for path in (("compare", "matched"), ("mirror", "writes"), ("stacks", "legacy", "operations"), ("stacks", "new", "operations")):
            said, shown = status, frame
            for name in path:
                said, shown = said[name], shown[name]
            assert said == shown > 0, (path, said, shown)
        assert page.text("state") == "live 50 %", page.text("state")
        assert status["compare"]["verdict"].upper() in page.text("verdict"), page.text("verdict")
        assert f"{status['mirror']['writes']:,} writes" in page.text("health"), page.text("health")
        assert "user:" not in page.text("differs"), page.text("differs")
        assert page.run("return document.querySelectorAll('#operations polyline').length") >= 1
        assert not page.complaints(), page.complaints()


def rolls_back(sluice, browser):
    """The red button under load: the page shows it within a second, and no read that begins behind the word is answered by new."""
    reads = []

    def markers(wire, turn):
        began = time.time()
        reads.append((began, wire.ask("GET", f"marker:{turn % 50}")))
    with Bed(sluice, percent=100, compared=0) as bed:
        for port, word in ((bed.legacy, "legacy"), (bed.new, "new")):

            wire = Wire(port)
            for number in range(50):
                wire.ask("SET", f"marker:{number}", word)
        bed.load(markers)
        page = browser.open(bed.url).live()
        until("new answers", lambda: any(answer == b"new" for _, answer in reads))
        page.run("""
            const real = window.fetch;
            window.fetch = async (...words) => {
              const answer = await real(...words);
              if (String(words[0]).endsWith("/rollback")) window.acknowledged = Date.now();
              return answer;
            };
            window.pressed = 0;
            new MutationObserver(() => {
              if (!window.turned && document.getElementById("state").textContent.startsWith("ROLLED BACK")) window.turned = Date.now();
            }).observe(document.body, { subtree: true, childList: true, characterData: true });
            document.getElementById("go").addEventListener("click", () => { window.pressed = Date.now(); });""")
        page.driver.find_element("id", "rollback").click()
        page.driver.find_element("id", "go").click()
        assert page.shown("why") and not bed.status()["rolled_back"], "an empty reason is refused by the form"
        page.driver.find_element("id", "reason").send_keys("p99 on checkout")
        page.driver.find_element("id", "go").click()
        until("the page says so", lambda: page.run("return window.turned"))
        pressed, acknowledged, turned = page.run("return [window.pressed, window.acknowledged, window.turned]")
        time.sleep(0.5)
        bed.stop_clients()
        late = [answer for began, answer in reads if began * 1000 > acknowledged]
        assert late and all(answer == b"legacy" for answer in late), f"{sum(a != b'legacy' for a in late)} of {len(late)}"
        assert turned - pressed < 1000, f"{turned - pressed} ms"
        status = bed.status()
        assert status["rollback"]["reason"] == "p99 on checkout", status["rollback"]
        until("the banner has the reason", lambda: "p99 on checkout" in page.text("banner"))
        until("the story has it", lambda: "p99 on checkout" in page.text("story"), 15)
        assert not page.shown("rollback")
        assert not page.complaints(), page.complaints()
        print(f"    acknowledged after {acknowledged - pressed} ms, on the page after {turned - pressed} ms; {len(late)} reads behind it")


def guardrail(sluice, browser):
    """A guardrail that fires while the page is open: the banner comes by itself."""
    with Bed(sluice) as bed:
        bed.load(ordinary)
        page = browser.open(bed.url).live()
        until("there is traffic", lambda: page.frame()["compare"]["matched"] > 200)
        page.run("window.same = true")

        Wire(bed.new).ask("CONFIG", "SET", "maxmemory", "1")
        until("the page says so", lambda: "by guardrail" in page.text("banner"), 30)
        assert page.text("state").startswith("ROLLED BACK"), page.text("state")
        assert page.run("return window.same"), "it was loaded again"
        until("a bar is full", lambda: page.run("return [...document.querySelectorAll('[role=meter]')].some(e => e.getAttribute('aria-valuenow') >= 1) || status.rolled_back"))


def killed(sluice, browser):
    """A proxy that is killed: the page says so within seconds, and goes on by itself when it is back."""
    with Bed(sluice) as bed:
        page = browser.open(bed.url).live()
        page.run("window.same = true")
        bed.process.kill()
        bed.process.wait()
        until("the age turns red", lambda: page.text("age").startswith("NO ANSWER"), 8)
        assert page.run("return document.body.classList.contains('stale')")
        bed.serve()
        until("it goes on", lambda: page.text("age") == "as of now", 15)
        assert not page.run("return document.body.classList.contains('stale')")
        assert page.run("return window.same"), "it was loaded again"


def tokens(sluice, browser):
    """Missing, wrong and viewing tokens: asked for, refused, and no button."""
    import hashlib
    line = lambda name, role: f"{name} {role} #{hashlib.sha256(f'of {name}'.encode()).hexdigest()}\n"
    with Bed(sluice, tokens=line("viewer", "view") + line("oncall", "roll-back")) as bed:
        assert bed.http("/api/status")[0] == 401
        assert bed.http("/api/status", "wrong")[0] == 401
        assert bed.http("/api/rollback", "of viewer", "{}")[0] == 403
        page = browser.open(bed.url)
        until("it asks", lambda: page.shown("ask"))
        assert page.text("state") == "…" and not page.shown("rollback")

        def give(token):
            page.driver.find_element("id", "token").send_keys(token, Keys.ENTER)
        give("wrong")
        until("it says so", lambda: "no token of this door" in page.text("ask-why"))
        until("it asks again", lambda: page.shown("ask"))
        give("of viewer")
        page.live()
        assert page.text("state") == "live 50 %" and not page.shown("rollback"), "a viewer has a button"
        page.run("sessionStorage.clear()")
        page.open(bed.url)
        until("it asks", lambda: page.shown("ask"))
        give("of oncall")
        page.live()
        assert page.shown("rollback")
        assert not bed.status("of viewer")["rolled_back"]


def names(sluice, browser):
    """Names of keys and words of servers are text: markup, ten thousand bytes, what is not UTF-8."""
    keys = [b"<b id=planted>bold</b>", b"<img src=x id=planted>", b"'\"&<!--", b"long:" + b"x" * 10_000, b"raw:\xff\xfe\x80", "smile:\u202e\u2603".encode()]
    with Bed(sluice, stage="shadow", percent=0, divergenceRate=1) as bed:

        client, new = bed.client(), Wire(bed.new)
        for key in keys:
            client.ask("SET", key, "same")
        until("all is mirrored", lambda: new.ask("DBSIZE") == str(len(keys)).encode())
        for key in keys:
            new.ask("SET", key, "other")
            client.ask("GET", key)
        page = browser.open(bed.url).live()
        until("they are on the page", lambda: len(page.run("return [...document.querySelectorAll('#differs tr')]")) >= 4, 20)
        rows = page.driver.find_elements("css selector", "#differs button")
        for row in rows:
            row.click()
        assert page.run("return document.getElementById('planted')") is None
        assert "<b id=planted>" in page.text("differs") or "<b id=planted>" in page.text("about"), page.text("differs")[:500]
        assert page.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert not page.complaints(), page.complaints()


def elsewhere(sluice, browser):
    """A page of somebody else: its form, its script and its frame get nowhere."""
    class Foreign(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title><p>not sluice")

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Foreign)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with Bed(sluice) as bed:
        page = browser.open(f"http://127.0.0.1:{server.server_address[1]}/")
        tried = page.driver.execute_async_script("""
            const [url, done] = arguments, body = '{"reason": "not me"}';
            const order = options => fetch(url + "/api/rollback", { method: "POST", body, ...options }).then(a => "read " + a.status, () => "blocked");
            const form = document.createElement("form");
            form.method = "post"; form.action = url + "/api/rollback"; form.enctype = "text/plain"; form.target = "into";
            const into = document.createElement("iframe"); into.name = "into";
            const frame = document.createElement("iframe"); frame.src = url + "/"; frame.id = "framed";
            document.body.append(into, frame, form);
            form.submit();
            Promise.all([order({ headers: { "Content-Type": "application/json" } }), order({ mode: "no-cors" }), order({}), fetch(url + "/api/status").then(() => "read", () => "blocked")])
              .then(found => setTimeout(() => done(found), 1500));""", bed.url)
        assert tried[0] == tried[2] == tried[3] == "blocked", tried
        assert not bed.status()["rolled_back"], "a foreign page has rolled back"
        page.driver.switch_to.frame("framed")
        assert not page.run("return !!document.getElementById('rollback')"), "it is shown in a frame"
        page.driver.switch_to.default_content()
    server.shutdown()


def by_keyboard(sluice, browser):
    """Tab to the button, Enter, the reason, Enter: the way back without a mouse, on a telephone's width, in both lights."""
    with Bed(sluice) as bed:
        page = browser.open(bed.url).live()
        for dark in (False, True):
            for wide in (1280, 375):
                page.size(wide, dark=dark)
                width(page)
                contrast(page)
        for _ in range(5):
            page.driver.switch_to.active_element.send_keys(Keys.TAB)
            if page.driver.switch_to.active_element.get_attribute("id") == "rollback":
                break
        assert page.driver.switch_to.active_element.get_attribute("id") == "rollback"
        page.driver.switch_to.active_element.send_keys(Keys.ENTER)
        assert page.driver.switch_to.active_element.get_attribute("id") == "reason"
        width(page)
        contrast(page)
        page.driver.switch_to.active_element.send_keys("by keyboard", Keys.ENTER)
        until("it is rolled back", lambda: page.text("state").startswith("ROLLED BACK"))
        for dark in (False, True):
            page.size(375, dark=dark)
            width(page)
            contrast(page)
        page.size(1280)
        assert bed.status()["rollback"]["reason"] == "by keyboard"


def fleet(sluice, browser):
    """The proxies of a service beside each other: one place, a drift in red, and who does not answer."""
    with Bed(sluice) as other, Bed(sluice) as bed:
        path = bed.write("fleet.yaml", f"""proxies:
- {{ name: here, admin: "http://{bed.admin}" }}
- {{ name: there, admin: "http://{other.admin}" }}
- {{ name: third, admin: "http://{other.admin}" }}
""")
        bed.process.kill()
        bed.process.wait()
        bed.write("sluice.yaml", f"ledger: {{ figures_interval: 1s }}\nadmin: {{ fleet: {path} }}\n")
        bed.serve()
        page = browser.open(bed.url).live()
        red = "return [...document.querySelectorAll('#fleet tr')].map(row => [...row.cells].filter(cell => cell.classList.contains('bad')).map(cell => cell.textContent))"
        until("all are in one place", lambda: page.text("fleet-note") == "All 3 are in the same place.")
        assert page.run(red) == [[], [], []]
        assert bed.control("STAGE", "shadow").startswith("OK")
        until("the drift is said", lambda: "DRIFT of stage: live 50 % (there, third)" in page.text("fleet-note"))
        until("and red, where most are not", lambda: page.run(red)[0][:1] == ["shadow"] and page.run(red)[1:] == [[], []])
        other.process.kill()
        until("who is silent is red, too", lambda: page.text("fleet").count("NO ANSWER: cannot be reached") == 2)
        for dark in (False, True):
            for wide in (1280, 375):
                page.size(wide, dark=dark)
                width(page)
                contrast(page)
        page.size(1280)
        assert not page.complaints(), page.complaints()


def without_script(sluice, _):
    """A browser without JavaScript has a table."""
    with Bed(sluice) as bed, Browser(script=False) as browser:
        browser.driver.get(bed.url)
        text = browser.driver.find_element("tag name", "body").text
        for word in ("stage in force", "live", "verdict", "HOLD", "guardrail diverged", "sluice rollback"):
            assert word in text, (word, text)
        assert not browser.driver.find_elements("css selector", "#app:not([hidden])")


def fifty(sluice, _):
    """Fifty pages: what they cost the proxy, in CPU."""
    import socket
    with Bed(sluice) as bed:
        def few(wire, turn):
            # As many a second whatever else the machine does.
            ordinary(wire, turn)
            time.sleep(0.02)
        bed.load(few, threads=1)

        def used():
            fields = open(f"/proc/{bed.process.pid}/stat").read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        def share(seconds=8):
            before, began = used(), time.monotonic()
            time.sleep(seconds)
            return 100 * (used() - before) / (time.monotonic() - began)
        time.sleep(2)
        quiet = share()
        resting = threading.Event()

        def scrape():
            while not resting.wait(1):
                bed.http("/metrics")
        scraper = threading.Thread(target=scrape, daemon=True)
        scraper.start()
        scraped = share()
        resting.set()
        scraper.join()
        host, port = bed.admin.split(":")
        viewers, got = [], [0]

        def read(viewer):
            while data := viewer.recv(1 << 16):
                got[0] += data.count(b"event: status")
        for _ in range(50):
            viewer = socket.create_connection((host, int(port)))
            viewer.sendall(f"GET /events HTTP/1.1\r\nHost: {bed.admin}\r\n\r\n".encode())
            viewers.append(viewer)
            threading.Thread(target=read, args=(viewer,), daemon=True).start()
        time.sleep(2)
        before, began = got[0], time.monotonic()
        busy = share()
        frames = (got[0] - before) / (time.monotonic() - began) / 50
        for viewer in viewers:
            viewer.close()
        print(f"    {quiet:.2f} % of a core without, {scraped - quiet:.2f} % more when it is scraped each second, {busy:.2f} % with 50 pages: {busy - quiet:.2f} % more, {frames:.1f} frames a second each")
        assert frames > 1, frames
        assert busy - quiet < 2, f"{busy - quiet:.2f} % of a core"


CASES = [numbers, rolls_back, guardrail, killed, tokens, names, elsewhere, by_keyboard, without_script, fleet, readme]
LONG = [fifty]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sluice")
    parser.add_argument("--core", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--pictures")
    options = parser.parse_args()
    sluice, failed = os.path.abspath(options.sluice), 0
    cases = [case for case in CASES + ([] if options.core else LONG) if not options.only or case.__name__ in options.only]
    with Browser() as browser:
        for case in cases:
            began = time.monotonic()
            browser.size(1280)
            browser.driver.get("about:blank")
            browser.driver.get_log("browser")
            try:
                case(sluice, browser)
                print(f"ok    {case.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL  {case.__name__}: {case.__doc__}\n{traceback.format_exc()}", flush=True)
        if options.pictures:
            pictures(sluice, browser, options.pictures)
    print(f"{len(cases) - failed} of {len(cases)} cases")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
