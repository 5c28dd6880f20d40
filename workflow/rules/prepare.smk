localrules:
    prepare,


rule prepare:
    output:
        f"{CONFIG.data}/{{name}}.npz",
    log:
        f"logs/prepare/{{name}}.log",
    params:
        config=CONFIG_FILE,
    shell:
        "ctbench data prepare {wildcards.name} --config {params.config:q} > {log:q} 2>&1"
