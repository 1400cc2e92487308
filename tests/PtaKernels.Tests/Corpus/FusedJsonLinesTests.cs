using System.Text.Json;
using PtaKernels.Alignment;
using PtaKernels.Corpus;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Corpus;

/// <summary>What is written is valid JSON and reads back, value for value.</summary>
[TestFixture]
public sealed class FusedJsonLinesTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Probabilities([Values("a.jsonl", "a.jsonl.gz")] string name)
    {
        DraftDocument target = Target();
        var merged = new AlignedDocument("d", OutputUnit.Probabilities);
        merged.AddRow([4, 2], [0.1 + 0.2, 1 / 3.0], new RowProvenance(RowRule.Prefix, 0, 1, Missing: 0.25, Kappa: 0.5));
        for (int i = 1; i < target.Ids.Length; i++)
            merged.AddRow([], [], new RowProvenance(RowRule.None));
        JsonElement line = Write(name, target, [], new FusedDocument([merged], merged));

        Assert.That(line.EnumerateObject().Select(p => p.Name), Is.EqualTo(new[]
        {
            "id", "input_ids", "per_step_logits", "per_step_indices", "metric_ce", "per_step_metric_ce", "per_step_lse", "fused_indices", "fused_probs", "fused_missing", "kappa", "rules", "source",
        }));
        Assert.That(Ints(line.GetProperty("fused_indices")[0]), Is.EqualTo(new[] { 4, 2 }));
        Assert.That(Doubles(line.GetProperty("fused_probs")[0]), Is.EqualTo(new[] { 0.1 + 0.2, 1 / 3.0 }), "all digits");
        Assert.That(line.GetProperty("fused_indices").GetArrayLength(), Is.EqualTo(target.Ids.Length));
        Assert.That(line.GetProperty("fused_probs")[1].GetArrayLength(), Is.Zero);
        Assert.That(Doubles(line.GetProperty("fused_missing"))[..2], Is.EqualTo(new[] { 0.25, 0 }));
        Assert.That(Doubles(line.GetProperty("kappa"))[..2], Is.EqualTo(new[] { 0.5, 1 }));
        Assert.That(line.GetProperty("rules").GetString(), Is.EqualTo("P" + new string('.', target.Ids.Length - 1)));
        Assert.That(Ints(line.GetProperty("source"))[..2], Is.EqualTo(new[] { 1, -1 }));
        AssertReadsBack(name, target);
    }

    [Test]
    public void OfficialValuesKeepNaNAndInfinity()
    {
        DraftDocument target = Target();
        target.Logits[0] = [double.PositiveInfinity, double.NaN, 1, double.NegativeInfinity];
        target.MeanCrossEntropy = double.NaN;
        AlignedDocument one = Official(target, [double.NaN, 1.5, double.NegativeInfinity], RowRule.SoftNotFinite), two = Official(target, [1], RowRule.StringMismatch);
        DraftDocument without = Target();
        without.MeanCrossEntropy = null;
        JsonElement line = Write("a", target, [target.ToDocument(), without.ToDocument()], new FusedDocument([one, two], null));

        Assert.That(line.EnumerateObject().Select(p => p.Name), Is.EqualTo(new[]
        {
            "id", "input_ids", "per_step_logits", "per_step_indices", "metric_ce", "per_step_metric_ce", "per_step_lse",
            "per_step_aligned_logits_0", "per_step_aligned_indices_0", "metric_ce_aligned_0", "rules_0", "per_step_aligned_logits_1", "per_step_aligned_indices_1", "rules_1",
        }));
        Assert.That(line.GetProperty("per_step_aligned_logits_0")[0].GetRawText(), Is.EqualTo("""["NaN",1.5,"-Infinity"]"""));
        Assert.That(line.GetProperty("metric_ce_aligned_0").GetString(), Is.EqualTo("NaN"));
        Assert.That(line.GetProperty("rules_0").GetString(), Does.StartWith("NX"));
        Assert.That(line.GetProperty("rules_1").GetString(), Does.StartWith("XX"));
        AssertReadsBack("a", target);
    }

    [Test]
    public void ManyDocumentsAreManyLines()
    {
        Random random = new(1);
        DraftDocument[] drafts = [.. Enumerable.Range(0, 20).Select(d => SmallModel.Target.Draw(random, $"d{d} \\\"é😀", "abcd"))];
        using (var output = new FusedJsonLines(_folder["a"], replace: false))
        {
            foreach (DraftDocument draft in drafts)
                output.Write(draft.ToDocument(), [], new FusedDocument([], new AlignedDocument(draft.Id!, OutputUnit.Probabilities)));
            Assert.That(_folder.Names, Is.EqualTo(new[] { "a.partial" }));
            output.Commit();
        }

        Assert.That(JsonLines.Read(_folder["a"]).Select(d => d.Id), Is.EqualTo(drafts.Select(d => d.Id)));
    }

    [Test]
    public void WithoutCommitNothingIsLeft([Values("a.jsonl", "a.jsonl.gz")] string name)
    {
        using (var output = new FusedJsonLines(_folder[name], replace: false))
            output.Write(Target().ToDocument(), [], new FusedDocument([], new AlignedDocument("d", OutputUnit.Probabilities)));
        Assert.That(_folder.Names, Is.Empty);
    }

    private static DraftDocument Target() => SmallModel.Target.Draw(new Random(7), "d", "abcda");

    private static AlignedDocument Official(DraftDocument target, double[] first, RowRule rule)
    {
        var aligned = new AlignedDocument("d", OutputUnit.Official);
        aligned.AddRow([.. Enumerable.Range(2, first.Length)], first, new RowProvenance(rule));
        for (int i = 1; i < target.Ids.Length; i++)
            aligned.AddRow([target.Ids[i]], [1], new RowProvenance(RowRule.StringMismatch));
        return aligned;
    }

    private JsonElement Write(string name, DraftDocument target, TokenizedDocument[] sources, FusedDocument fused)
    {
        using (var output = new FusedJsonLines(_folder[name], replace: false))
        {
            output.Write(target.ToDocument(), sources, fused);
            output.Commit();
        }

        return JsonDocument.Parse(JsonLines.ReadLines(_folder[name]).Single().Text).RootElement;
    }

    private void AssertReadsBack(string name, DraftDocument target)
    {
        TokenizedDocument read = JsonLines.Read(_folder[name]).Single(), written = target.ToDocument();
        Assert.That((read.Id, read.MeanCrossEntropy), Is.EqualTo((written.Id, written.MeanCrossEntropy)));
        Assert.That(read.Ids, Is.EqualTo(written.Ids));
        Assert.That(read.Candidates.Values, Is.EqualTo(written.Candidates.Values));
        Assert.That(read.Candidates.Indices, Is.EqualTo(written.Candidates.Indices));
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetInt32())];

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetDouble())];
}
