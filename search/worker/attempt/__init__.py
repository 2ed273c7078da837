"""One claimed slot: its trial begun or resumed, trained, paused or ended, recorded."""
