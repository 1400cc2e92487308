using System.Reflection;
using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Reference;

namespace PtaKernels.Cli.Bench;

/// <summary>start.*: whole processes of <c>pta</c>, from start to exit: what a command costs before it does anything, and one that aligns a short document.</summary>
internal static class StartCases
{
    private const string VersionId = "start.version", AlignId = "start.align";

    /// <summary>Target tokens of a short document.</summary>
    private const int ShortLength = 50;

    private const string Python = "/usr/bin/python3";

    /// <summary>Values as JSON has them (SPEC A4).</summary>
    private const double Agreement = 1e-8;

    /// <summary>The process that prints its version; beside it one that starts what the published functions need.</summary>
    public static BenchCase Version(BenchData _)
    {
        ProcessRuns ours = OfVersion("pta --version");
        return new BenchCase(VersionId, "runs/s", ours, () => [ImportOfNumPy() ?? new ProcessRuns("bash, nothing", "bash", "-c", "true")], static () => "the process alone, without the look of scripts/pta at whether it is built");
    }

    /// <summary>The process that aligns one short sample; beside it the one that only prints its version.</summary>
    public static BenchCase? Align(BenchData data)
    {
        if (BenchDocuments.SamplesWithSpans(data).MinBy(static s => Math.Abs(s.Pair.Target.Length - ShortLength)) is not { } sample)
            return null;
        AlignmentOptions options = sample.Options;
        DocumentCases.Agreeing(AlignId, data.Backend, new ReferenceBackend(), [sample], _ => options);
        var expected = new AlignedDocument[1];
        data.Backend.AlignBatch([sample.Pair], sample.Vocabularies, options, expected, new AlignmentReport());
        string output = Path.Combine(data.Work.Folder, "start.aligned.jsonl");
        var ours = ProcessRuns.OfPta(
            "pta align", "align", "--preset", "reference", "--backend", data.Backend.Name, "--out", output, "--force",
            "--target", Write(data, "start.target.jsonl", sample.Pair.Target), "--target-vocab", VocabularyOf(data, sample.TargetName),
            "--source", Write(data, "start.source.jsonl", sample.Pair.Source), "--source-vocab", VocabularyOf(data, sample.SourceName));
        ours.Once();
        Require(File.ReadAllText(output), expected[0]);
        return new BenchCase(
            AlignId, "runs/s", ours, () => [OfVersion(VersionId)], () => $"a document of {sample.Pair.Source.Length} x {sample.Pair.Target.Length} tokens, two vocabularies, backend {data.Backend.Name}");
    }

    private static ProcessRuns OfVersion(string name)
    {
        var runs = ProcessRuns.OfPta(name, "--version");
        string version = typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion, answer = runs.Once().Trim();
        return answer == version ? runs : throw BenchData.Wrong(VersionId, $"pta says it is '{answer}', expected '{version}'");
    }

    /// <summary>Python importing NumPy; null where it has none.</summary>
    private static ProcessRuns? ImportOfNumPy()
    {
        var runs = new ProcessRuns("Python, import numpy", Python, "-c", "import numpy");
        try
        {
            runs.Once();
            return runs;
        }
        catch (AlignmentDataException)
        {
            return null;
        }
    }

    private static string Write(BenchData data, string name, TokenizedDocument document)
    {
        string path = Path.Combine(data.Work.Folder, name);
        TopKLogits candidates = document.Candidates;
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            id = document.Id,
            input_ids = document.Ids,
            per_step_indices = Enumerable.Range(0, candidates.Rows).Select(t => candidates.IndicesOf(t).ToArray()),
            per_step_logits = Enumerable.Range(0, candidates.Rows).Select(t => candidates.ValuesOf(t).ToArray()),
        }) + "\n");
        return path;
    }

    private static string VocabularyOf(BenchData data, string name)
    {
        string path = Path.Combine(data.Golden.Vocabularies.Folder, name + ".json");
        return File.Exists(path) ? path : path + ".gz";
    }

    /// <summary>The rows that the process wrote are those of this process's backend.</summary>
    private static void Require(string line, AlignedDocument expected)
    {
        using JsonDocument written = JsonDocument.Parse(line);
        int[][] tokens = GoldenJson.IntegerRows(written.RootElement.GetProperty("per_step_aligned_indices_0"));
        double[][] values = GoldenJson.NumberRows(written.RootElement.GetProperty("per_step_aligned_logits_0"));
        if (tokens.Length != expected.Rows || values.Length != expected.Rows)
            throw BenchData.Wrong(AlignId, $"the process wrote {tokens.Length} rows, expected {expected.Rows}");
        for (int t = 0; t < expected.Rows; t++)
        {
            if (!expected.IndicesOf(t).SequenceEqual(tokens[t]) || !(GoldenJson.Difference(values[t], expected.ValuesOf(t)) <= Agreement))
                throw BenchData.Wrong(AlignId, $"row {t} that the process wrote differs from this process's");
        }
    }
}
