// Cases.
