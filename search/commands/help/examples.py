"""What the help says beside the texts of commands and options: an example of each, and the groups of options."""

EXAMPLES = {
    "init": "search init flats.py --csv flats.csv --target rent",
    "check": "search check flats.py",
    "import optuna": "search import optuna sqlite:///theirs.db night",
    "import keras-tuner": "search import keras-tuner ./untitled_project",
    "run": "search run fmnist --trials 40 --workers 2",
    "create": "search create fmnist --study night --trials 100",
    "worker": "search worker night --storage postgresql://ann@db/studies",
    "confirm": "search confirm night --top 3 --seeds 5",
    "ensemble": "search ensemble night --size 5",
    "refit": "search refit night --seeds 5",
    "status": "search status night --watch",
    "change": "search change night --max-epochs 20 --patience 8",
    "stop": "search stop night",
    "retry": "search retry night 7",
    "prune": "search prune night 12",
    "enqueue": "search enqueue night --params '{\"learning_rate\": 0.01}'",
    "drop": "search drop night 12",
    "rename": "search rename night first-night",
    "delete": "search delete night",
    "report": "search report night another-night --out both.html",
    "dashboard": "search dashboard",
    "problems": "search problems",
}

PANELS = {
    "The study": "study trials add like warm_start artifacts accept_changes log",
    "The search": "objectives direction sampler schedule pruner prune_patience seed keep_paused",
    "A trial": "max_epochs patience repeats trial_timeout checkpoint_every max_retries top_k "
    "max_parameters max_seconds_per_epoch teacher",
    "Workers": "on workers device per_gpu gpus_per_trial memory_limit mixed_precision",
    "When it ends": "timeout epochs target stop_after max_failures",
}
