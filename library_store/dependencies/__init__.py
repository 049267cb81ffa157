"""The graph of what uses what: measures, findings, files, drawing and page, for a run or any other corpus."""
