from ctbench.spec.code import ROOT, code_hash
from ctbench.spec.config import read_yaml
from ctbench.spec.frozen import digest

LAYOUTS = [read_yaml(path) for path in sorted(ROOT.glob("papers/*/report.yaml"))]
TEMPLATES = [
    path.read_text() for path in sorted((ROOT / "report" / "templates").iterdir())
]


localrules:
    report,


rule report:
    input:
        rules.judge.output,
    output:
        f"{RESULTS}/report.html",
    log:
        f"logs/{CONFIG.preset}/report.log",
    threads: len(LAYOUTS)
    params:
        config=CONFIG_FILE,
        code=code_hash(["ctbench.report"]),
        layout=digest([LAYOUTS, TEMPLATES]),
    shell:
        "ctbench report --config {params.config:q} > {log:q} 2>&1"
