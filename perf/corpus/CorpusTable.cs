using System.Globalization;
using System.Text;

namespace PtaKernels.CorpusBench;

/// <summary>What was measured, as README.md has it.</summary>
internal static class CorpusTable
{
    /// <summary>The table with a sentence before and after it.</summary>
    public static string ToMarkdown(CorpusResults results)
    {
        CorpusFacts corpus = results.Corpus;
        ModelFacts target = corpus.Models[0];
        var text = new StringBuilder();
        text.Append(Invariant($"Measured {results.Date:yyyy-MM-dd} on {results.Machine}, {results.Cores} cores: `pta align` disk to disk, one process per run, medians of {results.Runs[0].AllSeconds.Length}.\n\n"));
        text.Append("| preset | sources | target tokens | tokens/s | resident, peak | output | against the official code |\n|---|--:|--:|--:|--:|--:|---|\n");
        foreach (MeasuredRun run in results.Runs)
        {
            string threads = results.Runs.Any(r => r.Threads != results.Runs[0].Threads) ? Invariant($", {run.Threads} threads") : "";
            text.Append(Invariant($"| `{run.Preset}`{threads} | {run.Sources} | {run.TargetTokens:N0} | {Rate(run.Rate)} | {run.PeakBytes / 1e6:N0} MB | {run.BytesPerToken:F1} B/token, {run.BytesPerDocument / 1000:F1} kB/document | "))
                .Append(Invariant($"{run.Rate / CorpusResults.OfficialTokensPerSecond:N0}x the rate, 1/{CorpusResults.OfficialBytesPerDocument / run.BytesPerDocument:0.#} of the bytes per document |\n"));
        }

        text.Append(Invariant($"\n{corpus.Documents:N0} documents, {corpus.TextBytes / 1e6:F0} MB of real text of this machine ({corpus.DistinctBytes / 1e6:F0} MB distinct, "))
            .Append(corpus.Passes == 1 ? "nothing twice" : Invariant($"cut {corpus.Passes} times at other places"))
            .Append(Invariant($"): {string.Join("; ", corpus.Kinds.Where(static k => k.Bytes > 0).OrderByDescending(static k => k.Bytes).Select(k => Invariant($"{k.What} {100.0 * k.Bytes / corpus.DistinctBytes:F0} %")))}. "))
            .Append(Invariant($"Target {target.Name} ({target.Vocabulary:N0} ids), {string.Join(" and ", corpus.Models.Skip(1).Select(static (m, i) => Invariant($"{(i == 0 ? "first" : "second")} source {m.Name} ({m.Vocabulary:N0} ids, {m.Tokens / 1e6:F1} M tokens)")))}; "))
            .Append(Invariant($"lengths {target.LengthQuantiles[1]} / {target.LengthQuantiles[3]} / {target.LengthQuantiles[5]} target tokens at the 10th, 50th and 90th percentile, at most {LengthMix.MostTokens}. "))
            .Append(Invariant($"Candidates: top {TeacherModel.K} of an interpolated trigram model counted on other text, helped so that it predicts (gold top-1 {target.GoldTop1:P0} in the target); {results.Runs[0].InputBytesPerToken:F1} bytes per token read. "))
            .Append(Invariant($"The official code stores {CorpusResults.OfficialBytesPerDocument / 1000:F0} kB per document and model, whatever its length, and aligns about {CorpusResults.OfficialTokensPerSecond:F0} tokens/s."));
        if (results.Checks.Count > 0)
            text.Append(Invariant($" Before timing, the first {results.Checks[0].Documents} documents were compared with backend `{results.Checks[0].Backend}`: {results.Checks.Sum(static c => c.Different):N0} of {results.Checks.Sum(static c => c.Numbers):N0} numbers differ, by ties."));
        return text.Append('\n').ToString();
    }

    private static string Rate(double rate) => rate >= 1e6 ? Invariant($"{rate / 1e6:F2} M") : Invariant($"{rate:N0}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
