"""Several studies in one document: the verdict, the winners side by side, scores and budgets."""
