"""Choose among a study's stored models, and average them in one."""
