"""One layer for three browsers: a window with a page in it, a mouse, keys and eyes.

Playwright drives Chromium, but asks a Firefox that is not its own for what only a newer one knows.
Firefox and WebKit are asked for seven things each, in W3C's words: over WebDriver BiDi, and over
WebDriver, for that is what each of them understands. A client for those is shorter than what a
library would bring. In WebKit the mouse is that of the screen (xdotool): WebDriver's leaves out
what the system makes of a drag.
"""

import base64
import io
import json
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import websocket
from PIL import Image

SIZE = (1280, 900)  # CSS pixels
PATIENCE = 120  # seconds, for what is there at once unless the machine is busy with others
PAUSE = 0.03
NOT_FINITE = "number"  # how JSON carries NaN and the infinities
KEYS = {
    "Backspace": "\ue003",
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "PageUp": "\ue00e",
    "PageDown": "\ue00f",
    "End": "\ue010",
    "Home": "\ue011",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Delete": "\ue017",
}


class Window:
    """What is alike in every browser.

    Each kind adds `open(address)`, `run(function, *arguments)`, which calls a JavaScript function
    in the page and gives what it gives, `resize(width, height)`, `press(*keys)`, `move(x, y)`,
    `down()`, `up()` and `screenshot()`.
    """

    def until(self, function, *arguments):
        """Wait until a JavaScript function gives something true, and give that."""
        return eventually(lambda: self.run(function, *arguments))

    def drag(self, start, by, steps=8):
        """Press at `start`, move by `(dx, dy)` in some steps, release."""
        (x, y), (dx, dy) = start, by
        self.move(x, y)
        self.down()
        for step in range(1, steps + 1):
            self.move(x + dx * step / steps, y + dy * step / steps)
        self.up()

    def click(self, x, y):
        self.drag((x, y), (0, 0), steps=0)

    def picture(self, box=None):
        """What is seen in `box` (x, y, width, height) of the window, or in all of it.

        `(height, width, 3)`: the colours of its pixels, 0 to 255.
        """
        pixels = np.asarray(Image.open(io.BytesIO(self.screenshot())).convert("RGB"), dtype=float)
        if box is None:
            return pixels
        x, y, width, height = (round(box[side]) for side in ("x", "y", "width", "height"))
        return pixels[max(0, y) : y + height, max(0, x) : x + width]


def eventually(read):
    """Call `read` until it gives something true, and give that; the last it gave if it never is."""
    end = time.monotonic() + PATIENCE
    while not (found := read()) and time.monotonic() < end:
        time.sleep(PAUSE)
    return found


def becomes(read, wanted, within=1e-6):
    """Wait until what `read` gives is `wanted`; fails with what it gave at last."""
    eventually(lambda: np.allclose(read(), wanted, rtol=0, atol=within))
    np.testing.assert_allclose(read(), wanted, rtol=0, atol=within)


class ChromiumWindow(Window):
    """A window of Chromium, `browser`, by way of Playwright."""

    def __init__(self, browser):
        width, height = SIZE
        self.page = browser.new_page(viewport={"width": width, "height": height})
        mouse = self.page.mouse
        self.move, self.down, self.up = mouse.move, mouse.down, mouse.up
        self.open, self.screenshot = self.page.goto, self.page.screenshot

    def run(self, function, *arguments):
        return self.page.evaluate(f"(all) => ({function})(...all)", list(arguments))

    def resize(self, width, height):
        self.page.set_viewport_size({"width": width, "height": height})

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def pdf(self):
        """The page on paper, A4, with its backgrounds."""
        return self.page.pdf(format="A4", print_background=True)


# Arguments and answer are JSON, which has no numbers that are not finite; errors are answers, too.
TELL = """async (given) => {
    const finite = (key, value) =>
        typeof value === "number" && !Number.isFinite(value) ? { NUMBER: String(value) } : value;
    try {
        return JSON.stringify({ value: await (FUNCTION)(...JSON.parse(given)) }, finite);
    } catch (error) {
        return JSON.stringify({ error: String(error) });
    }
}"""


class WebDriverWindow(Window):
    """What windows of Firefox and WebKit share: scripts and keys.

    Each adds `tell(function, text)`, which gives the text that a JavaScript function makes of
    `text` in the page, and `act(source)`, which does what WebDriver calls the actions of a source.
    """

    def run(self, function, *arguments):
        script = TELL.replace("FUNCTION", function).replace("NUMBER", NOT_FINITE)
        told = json.loads(self.tell(script, json.dumps(arguments)), object_hook=number_or_object)
        if "error" in told:
            raise RuntimeError(f"{told['error']} in {function}")
        return told.get("value")

    def press(self, *keys):
        strokes = [(kind, KEYS.get(key, key)) for key in keys for kind in ("keyDown", "keyUp")]
        actions = [{"type": kind, "value": value} for kind, value in strokes]
        self.act({"type": "key", "id": "keys", "actions": actions})


class FirefoxWindow(WebDriverWindow):
    """A window of Firefox, which listens for WebDriver BiDi at `address`."""

    def __init__(self, address):
        self.socket = websocket.create_connection(
            address, timeout=4 * PATIENCE, suppress_origin=True
        )
        self.asked = 0
        self.ask("session.new", capabilities={})
        # The tab it starts with never has the focus.
        self.context = self.ask("browsingContext.create", type="tab")["context"]
        self.resize(*SIZE)

    def ask(self, method, **params):
        """Ask for something; gives what is answered, or raises with the message."""
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.asked:
            pass  # something that happened
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
        return answer["result"]

    def here(self, method, **params):
        return self.ask(method, context=self.context, **params)

    def open(self, address):
        self.here("browsingContext.navigate", url=address, wait="complete")

    def tell(self, function, text):
        answer = self.ask(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[{"type": "string", "value": text}],
            target={"context": self.context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(f"{answer['exceptionDetails']['text']} in {function}")
        return answer["result"]["value"]

    def act(self, source):
        self.here("input.performActions", actions=[source])

    def mouse(self, **action):
        self.act({"type": "pointer", "id": "mouse", "actions": [action]})

    def move(self, x, y):
        self.mouse(type="pointerMove", x=round(x), y=round(y))

    def down(self):
        self.mouse(type="pointerDown", button=0)

    def up(self):
        self.mouse(type="pointerUp", button=0)

    def resize(self, width, height):
        self.here("browsingContext.setViewport", viewport={"width": width, "height": height})

    def screenshot(self):
        return base64.b64decode(self.here("browsingContext.captureScreenshot")["data"])

    def pdf(self):
        """The page on paper, A4, with its backgrounds."""
        page = {"width": 21.0, "height": 29.7}  # centimetres
        return base64.b64decode(
            self.here("browsingContext.print", background=True, page=page)["data"]
        )

    def close(self):
        self.socket.close()


ASYNCHRONOUS = "const [text, done] = arguments; (FUNCTION)(text).then(done);"


class WebKitWindow(WebDriverWindow):
    """A window of WebKitGTK, by way of its driver at `address`, on the screen of `environment`."""

    def __init__(self, address, environment):
        self.environment = environment
        eventually(lambda: answers(address))
        wanted = {"alwaysMatch": {"timeouts": {"script": 1000 * PATIENCE}}}
        session = call("POST", f"{address}/session", capabilities=wanted)["sessionId"]
        self.session = f"{address}/session/{session}"
        self.resize(*SIZE)
        self.corner = self.find_corner()

    def ask(self, command, **body):
        return call("POST", f"{self.session}/{command}", **body)

    def open(self, address):
        self.ask("url", url=address)

    def tell(self, function, text):
        script = ASYNCHRONOUS.replace("FUNCTION", function)
        return self.ask("execute/async", script=script, args=[text])

    def act(self, source):
        self.ask("actions", actions=[source])

    def mouse(self, *what):
        subprocess.run(["xdotool", *map(str, what)], env=self.environment, check=True)

    def move(self, x, y):
        left, top = self.corner
        self.mouse("mousemove", round(left + x), round(top + y))

    def down(self):
        self.mouse("mousedown", 1)

    def up(self):
        self.mouse("mouseup", 1)

    def find_corner(self):
        """Where on the screen the page begins."""
        self.run("() => addEventListener('mousemove', (event) => (window.met = event))")
        at = 300, 300
        self.mouse("mousemove", *at)
        met = self.until("() => window.met && [met.clientX, met.clientY]")
        return [there - here for there, here in zip(at, met, strict=True)]

    def resize(self, width, height):
        around = self.run("() => [outerWidth - innerWidth, outerHeight - innerHeight]")
        rect = {"width": width + around[0], "height": height + around[1]}
        self.ask("window/rect", x=0, y=0, **rect)
        self.until("(...size) => `${size}` === `${[innerWidth, innerHeight]}`", width, height)

    def screenshot(self):
        return base64.b64decode(call("GET", f"{self.session}/screenshot"))

    def close(self):
        call("DELETE", self.session)


def call(method, address, **body):
    """Ask a WebDriver for something; gives the value it answers, or raises with its message."""
    content = json.dumps(body).encode() if method == "POST" else None
    request = urllib.request.Request(address, content, method=method)
    try:
        with urllib.request.urlopen(request, timeout=4 * PATIENCE) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        with error:
            raise RuntimeError(f"{address}: {json.load(error)['value']['message']}") from None


def answers(address):
    try:
        return call("GET", f"{address}/status")["ready"]
    except OSError:
        return False


def number_or_object(read):
    return float(read[NOT_FINITE]) if read.keys() == {NOT_FINITE} else read
