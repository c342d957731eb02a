"""Take sphinx-thebe out of the pages.

Jupyter Book always loads it. It declares its constants twice on a page, which
is an error in the console, and its script comes from another host.
"""


def setup(app):
    for listeners in app.events.listeners.values():
        listeners[:] = [
            each for each in listeners if not each.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files[:] = [
        (name, attributes)
        for name, attributes in app.registry.css_files
        if name != "sphinx-thebe.css"
    ]
