#!/usr/bin/env python3
"""Writes dashboards/sluice.json from panels.py. With --check only says whether it is up to date, and fails if not.

No library does it: the JSON that Grafana reads is small and has been the same for years (schemaVersion 36 is Grafana 9).
"""
import json
import pathlib
import sys

from panels import FIRING, ROWS

FILE = pathlib.Path(__file__).parent / "dashboards" / "sluice.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHTS = 24, {"timeseries": 7, "table": 7, "stat": 4}


def thresholds(marks):
    return {"mode": "absolute", "steps": [{"color": "green", "value": None}, *({"color": colour, "value": at} for at, colour in marks)]}


def fields(panel):
    """How values are drawn. A line stands where an alert begins."""
    line = panel.get("line")
    custom = {
        "drawStyle": "line", "lineWidth": 1, "fillOpacity": 25 if panel.get("stacked") else 8, "showPoints": "never", "spanNulls": False,
        "stacking": {"mode": "normal" if panel.get("stacked") else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off" if line is None else "dashed"},
    }
    defaults = {"unit": panel["unit"], "min": 0, "thresholds": thresholds(panel.get("marks", [] if line is None else [(line, "red")]))}
    if panel["kind"] == "timeseries":
        defaults |= {"color": {"mode": "palette-classic"}, "custom": custom}
    return {"defaults": defaults, "overrides": []}


OPTIONS = {
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value", "graphMode": "area"},
    "table": {"showHeader": True},
}
# Of an alert's labels, those that tell where it fires.
TABLE = [{"id": "organize", "options": {"excludeByName": {name: True for name in ("Time", "Value", "__name__", "alertstate", "container", "job")}}}]


def targets(panel):
    is_now = panel["kind"] == "table"
    return [
        {"datasource": SOURCE, "refId": chr(ord("A") + at), "expr": expression, "legendFormat": legend or "__auto",
         "editorMode": "code", "range": not is_now, "instant": is_now, **({"format": "table"} if is_now else {})}
        for at, (expression, legend) in enumerate(panel["queries"])
    ]


def made(panel, number, x, y):
    kind = panel["kind"]
    return {
        "id": number, "type": kind, "title": panel["title"], "description": panel["sentence"], "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel["width"], "h": HEIGHTS[kind]},
        "fieldConfig": fields(panel), "options": OPTIONS[kind], "targets": targets(panel),
        **({"transformations": TABLE} if kind == "table" else {}),
    }


def panels():
    """Left to right, row by row; ids count up."""
    found, y = [], 0
    for title, members in ROWS:
        found.append({"id": len(found) + 1, "type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}})
        x, y, height = 0, y + 1, 0
        for panel in members:
            if x + panel["width"] > WIDTH:
                x, y, height = 0, y + height, 0
            found.append(made(panel, len(found) + 1, x, y))
            x, height = x + panel["width"], max(height, HEIGHTS[panel["kind"]])
        y += height
    return found


def label(name, title, selector, **more):
    """A variable: the values of a label. All of them is any value or none, as not every target has each label."""
    query = f"label_values(sluice_build_info{{{selector}}}, {name})"
    return {"name": name, "label": title, "type": "query", "datasource": SOURCE, "definition": query, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*", "current": {"text": ["All"], "value": ["$__all"]}, **more}


def choice(name, title, options):
    listed = [{"text": text, "value": value, "selected": at == 0} for at, (text, value) in enumerate(options)]
    query = ",".join("{} : {}".format(text, value.replace(",", "\\,")) for text, value in options)
    return {"name": name, "label": title, "type": "custom", "query": query, "options": listed, "current": listed[0], "multi": False, "includeAll": False}


VARIABLES = [
    {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}, "multi": False, "includeAll": False, "refresh": 1},
    label("namespace", "Namespace", ""),
    label("job", "Job", 'namespace=~"$namespace"'),
    label("pod", "Pod", 'namespace=~"$namespace",job=~"$job"'),
    label("instance", "Instance", 'namespace=~"$namespace",job=~"$job",pod=~"$pod"'),
    choice("by", "One line for", [("each node", "pod,instance"), ("each job", "namespace,job"), ("all together", "all")]),
]
# Alerts as marks on every panel.
MARKS = [
    {"name": "Alerts", "enable": True, "iconColor": "red", "datasource": SOURCE, "titleFormat": "{{alertname}}", "textFormat": "{{pod}} {{instance}}",
     "expr": FIRING.replace("}", ',severity!="info"}'), "step": "60s"},
]


def dashboard():
    return {
        "uid": "sluice", "title": "Sluice", "tags": ["sluice"], "schemaVersion": 36, "version": 1, "editable": True, "graphTooltip": 1,
        "time": {"from": "now-1h", "to": "now"}, "refresh": "30s", "timezone": "",
        "templating": {"list": VARIABLES}, "annotations": {"list": MARKS}, "panels": panels(),
        "links": [],
    }


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: dashboard.py [--check]")
    fresh = json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"
    if not sys.argv[1:]:
        FILE.write_text(fresh, encoding="utf-8")
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != fresh:
        sys.exit(f"dashboard.py: {FILE.name} is out of date; run deploy/grafana/dashboard.py")


if __name__ == "__main__":
    main()
