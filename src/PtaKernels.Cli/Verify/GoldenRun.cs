using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Gpu;

namespace PtaKernels.Cli.Verify;

/// <summary>Runs every golden file of a folder and counts rows.</summary>
/// <param name="context">What the checks use.</param>
/// <param name="output">Receives a line per file.</param>
/// <param name="errors">Receives what differs.</param>
/// <param name="sample">Every how many rows of a file one is checked, from the first on.</param>
internal sealed class GoldenRun(GoldenContext context, TextWriter output, TextWriter errors, int sample = 1)
{
    /// <summary>Share of a file's steps that may differ by a tie in the last bits of an argmax (SPEC A4).</summary>
    private const double AllowedTies = 0.002;

    /// <summary>Failures printed per file; the rest are only counted.</summary>
    private const int ShownFailures = 5;

    public long Passed { get; private set; }

    public long Failed { get; private set; }

    public long Skipped { get; private set; }

    public int Files { get; private set; }

    /// <summary>Per file: name and counts, in the order of names.</summary>
    public List<(string File, long Passed, long Failed, long Skipped)> Results { get; } = [];

    public void Run(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            if (GoldenCheck.For(path, context) is { } check)
                RunFile(path, check);
        }
    }

    private void RunFile(string path, GoldenCheck check)
    {
        string name = Path.GetFileName(path);
        string[] rows;
        try
        {
            rows = [.. check.Rows(path).Where((_, index) => index % sample == 0)];
            if (rows.Length == 0)
                throw new AlignmentDataException("holds no rows; make the file again.");
        }
        catch (Exception e) when (e is AlignmentDataException or InvalidDataException or IOException)
        {
            errors.WriteLine($"{name}: {e.Message}");
            Count(name, [GoldenResult.Fail(e.Message)]);
            return;
        }

        var results = new GoldenResult[rows.Length];
        Parallel.For(0, rows.Length, i => results[i] = CheckRow(check, rows[i]));
        long ties = results.Sum(static r => (long)r.Ties), steps = results.Sum(static r => (long)r.Steps);
        if (ties > AllowedTies * steps)
            results = [.. results.Select(r => r.Ties == 0 ? r : GoldenResult.Fail($"{r.Ties} argmax ties; {ties} in the file's {steps} steps are over 0.2 %"))];
        else if (ties > 0)
            errors.WriteLine($"{name}: {ties} of {steps} steps differ by an argmax tie of at most {AlignCheck.TieUlps} ulp, 0.2 % allowed");
        foreach ((int index, GoldenResult result) in results.Index().Where(static r => r.Item.Verdict == GoldenVerdict.Failed).Take(ShownFailures))
            errors.WriteLine($"{name} row {(index * sample) + 1}: {result.Message}");
        Count(name, results);
        if (check.Left is { } left)
            errors.WriteLine($"{name}: {left}");
        if (results.FirstOrDefault(static r => r.Verdict == GoldenVerdict.Skipped) is { Message.Length: > 0 } skipped)
            errors.WriteLine($"{name}: {skipped.Message}");
    }

    private void Count(string name, GoldenResult[] results)
    {
        long passed = results.LongCount(static r => r.Verdict == GoldenVerdict.Passed), failed = results.LongCount(static r => r.Verdict == GoldenVerdict.Failed);
        long skipped = results.LongLength - passed - failed;
        Files++;
        Passed += passed;
        Failed += failed;
        Skipped += skipped;
        Results.Add((name, passed, failed, skipped));
        output.WriteLine($"{name} {context.Backend.Name} {passed} passed, {failed} failed, {skipped} skipped");
    }

    private static GoldenResult CheckRow(GoldenCheck check, string row)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(PythonJson.Quote(row));
            return check.Check(document.RootElement);
        }
        catch (Exception e) when (e is not OutOfMemoryException && GpuBackend.Explain(e) is null) // whatever a damaged row breaks, that row has failed and no other
        {
            return GoldenResult.Fail(e.Message);
        }
    }
}
