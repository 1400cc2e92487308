using System.CommandLine;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli.Stores;

/// <summary><c>pta store</c>: what is done with compact stores as a whole.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "Compact stores of teachers' candidates and of aligned documents: import, check, repair, merge, split.")
    {
        StoreImportCommand.Create(),
        StoreExportCommand.Create(),
        StoreInfoCommand.Create(),
        StoreCheckCommands.Check(),
        StoreCheckCommands.Repair(),
        StoreCopyCommands.Merge(),
        StoreCopyCommands.Split(),
        StoreCopyCommands.Reshard(),
    };

    /// <summary>Runs work that writes a store; one that is stopped says that it can go on.</summary>
    public static int Run(Terminal terminal, Func<int> work, CancellationToken cancellation)
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Errors.WriteLine(Program.StoppedBetweenShards);
            return Program.Cancelled;
        }
    }

    /// <summary>A store in one line, or as JSON.</summary>
    public static void Summarise(Terminal terminal, string path, StoreTotals totals, double seconds, bool asJson)
    {
        long bytes = Directory.EnumerateFiles(path).Sum(static f => new FileInfo(f).Length);
        double perToken = bytes / (double)Math.Max(1, totals.Tokens), rate = totals.Tokens / Math.Max(1e-9, seconds);
        if (asJson)
        {
            terminal.WriteJson(new
            {
                Out = path, totals.Shards, totals.Documents, totals.Tokens, totals.TextBytes, totals.Quarantined, Bytes = bytes, BytesPerToken = Math.Round(perToken, 3), Seconds = Math.Round(seconds, 3), TokensPerSecond = Math.Round(rate),
            });
            return;
        }

        terminal.Output.WriteLine(FormattableString.Invariant(
            $"{path}: {totals.Documents} documents, {totals.Tokens} tokens in {totals.Shards} shards, {perToken:F1} bytes per token, {seconds:F1} s, {rate:F0} tokens/s"));
        if (totals.Quarantined > 0)
            terminal.Errors.WriteLine($"notice: {totals.Quarantined} documents are in {Path.Combine(path, "quarantine-*.jsonl")} with their reasons.");
    }

    /// <summary>The store at a path.</summary>
    /// <exception cref="AlignmentDataException">There is none.</exception>
    public static StoreReader Open(string path) =>
        StoreReader.IsStore(path) ? new StoreReader(path) : throw new AlignmentDataException($"{path}: is no store; make one with `pta store import`.");
}
