"""One database: URLs, engines, transactions, upserts, versioned schemas."""
