"""Train a study's best again on new seeds, choose, and make the champion."""
