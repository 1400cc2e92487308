using System.Text.Json;
using PtaKernels.Tests.Alignment;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta inspect</c> under projection byte, on a row whose shares are worked out by hand.</summary>
/// <remarks>
/// The source gives a 0.6, b 0.2 and c 0.2. The target has a, ab and b, and itself says a 0.75, ab 0.25. So a's mass goes to a (0.45) and ab (0.15), b's to b (0.2),
/// which the target does not name itself, and nothing fits c.
/// </remarks>
public sealed class InspectSharesTests
{
    [Test]
    public void RowsAreCandidatesAndColumnsFusedTokens()
    {
        PtaRun run = Inspect("--mass", "renormalised", "--fused-k", "2");
        string[] lines = run.Output.Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(lines, Has.Some.Match("^source candidate +a % │ gives % +│ other │ fused token +own % +fused %$"));
            Assert.That(lines, Has.Some.Match(@"^ +│ +A +B │ +│$"));
            Assert.That(lines, Has.Some.Match(@"^0 a +60\.0 │ +45 {3,}│ +15 │ A a +75\.0 +69\.2 ◄$"));
            Assert.That(lines, Has.Some.Match(@"^1 b +20\.0 │ {5,}20 │ +\. │ B b {10,}30\.8$"));
            Assert.That(lines, Has.Some.Match(@"^2 c +20\.0 │ +│ +│$"));
            Assert.That(lines, Has.Some.EqualTo("not kept  15.0 % of all mass went to lighter tokens and is scaled away"));
            Assert.That(run.Output, Does.Contain("less 2 bits per byte beyond the candidate").And.Not.Contain("cost").And.Not.Contain("plan"));
        }
    }

    [Test]
    public void JsonHasSharesInsteadOfCostAndPlan()
    {
        JsonElement step = Inspect("--mass", "renormalised", "--fused-k", "2", "--json").Json.GetProperty("step");
        using (Assert.EnterMultipleScope())
        {
            AssertMatrix(step.GetProperty("shares"), [[0.45, null], [null, 0.2], [null, null]]);
            AssertNumbers(step.GetProperty("target_candidates").EnumerateArray().Select(static t => t.GetProperty("mass")), [0.75, null]);
            Assert.That(step.GetProperty("target_candidates").EnumerateArray().Select(static t => t.GetProperty("text").GetString()), Is.EqualTo((string[])["a", "b"]));
            AssertNumbers(step.GetProperty("source_candidates").EnumerateArray().Select(static t => t.GetProperty("mass")), [0.6, 0.2, 0.2]);
            AssertNumbers(step.GetProperty("fused").EnumerateArray().Select(static t => t.GetProperty("value")), [0.45 / 0.65, 0.2 / 0.65]);
            Assert.That(step.GetProperty("not_kept").GetDouble(), Is.EqualTo(0.15).Within(1e-9));
            Assert.That(step.GetProperty("row").GetInt32(), Is.Zero);
            Assert.That(step.EnumerateObject().Select(static p => p.Name), Has.No.Member("cost").And.No.Member("plan"));
        }
    }

    [Test]
    public void WhatIsCutCountsAsMissingUnderTail()
    {
        JsonElement step = Inspect("--fused-k", "2", "--json").Json.GetProperty("step");
        using (Assert.EnterMultipleScope())
        {
            // Half of everything is known. What c had is spread over what fits, so that shares grow by 0.5 / 0.4.
            AssertMatrix(step.GetProperty("shares"), [[0.225, null], [null, 0.1], [null, null]]);
            AssertNumbers(step.GetProperty("fused").EnumerateArray().Select(static t => t.GetProperty("value")), [0.225 * 1.25, 0.1 * 1.25]);
            Assert.That(step.GetProperty("not_kept").GetDouble(), Is.EqualTo(0.075).Within(1e-9));
            Assert.That(step.GetProperty("missing").GetDouble(), Is.EqualTo(1 - (0.325 * 1.25)).Within(1e-9));
            Assert.That(Inspect("--fused-k", "2").Output, Does.Contain("7.5 % of all mass went to lighter tokens and counts as missing"));
        }
    }

    [Test]
    public void MoreTokensThanFitAreCounted()
    {
        PtaRun run = Pta.Run(["inspect", .. Pta.SampleFiles, "--document", "338", "--row", "7", "--mass", "renormalised", "--fused-k", "30"]);
        using (Assert.EnterMultipleScope())
        {
            // Row 7 lies inside a source token, so a candidate is shown without what came before it.
            Assert.That(run.Output, Does.Match(@"(?m)^1 message +46\.2 │").And.Contain("by rule P"));
            Assert.That(run.Output, Does.Match(@"(?m)^3 of 3 source candidates and 10 of \d+ fused tokens shown, those with the most mass$"));
        }
    }

    private static PtaRun Inspect(params string[] switches)
    {
        using var folder = new ScratchFolder();
        double[] given = [Math.Log(0.6), Math.Log(0.2), Math.Log(0.2)], own = [Math.Log(3), 0];
        string[] arguments =
        [
            "inspect",
            "--source", folder.Write("s.jsonl", Document([3, 2], [2, 3, 4], given).ToJson() + "\n"), "--source-vocab", folder.Write("s.json", Vocabulary("giver", "a", "b", "c")),
            "--target", folder.Write("t.jsonl", Document([4, 2], [2, 3], own).ToJson() + "\n"), "--target-vocab", folder.Write("t.json", Vocabulary("taker", "a", "ab", "b")),
        ];
        return Pta.Run([.. arguments, "--backend", "reference", .. switches]);
    }

    /// <summary>The text "ba", every row the same.</summary>
    private static DraftDocument Document(int[] ids, int[] candidates, double[] logits) => new()
    {
        Id = "hand", Ids = ids, Candidates = [.. ids.Select(_ => candidates)], Logits = [.. ids.Select(_ => logits)], LogSumExp = [.. ids.Select(_ => Math.Log(2 * logits.Sum(Math.Exp)))],
    };

    private static string Vocabulary(string name, params string[] tokens) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["name"] = name, ["class"] = "LlamaTokenizer", ["special"] = "▁", ["eos_id"] = 1, ["dummy_prefix"] = false, ["tokens"] = (string[])["<s>", "</s>", .. tokens],
    });

    private static void AssertMatrix(JsonElement matrix, double?[][] expected)
    {
        Assert.That(matrix.GetArrayLength(), Is.EqualTo(expected.Length));
        foreach ((JsonElement row, double?[] values) in matrix.EnumerateArray().Zip(expected))
            AssertNumbers(row.EnumerateArray(), values);
    }

    private static void AssertNumbers(IEnumerable<JsonElement> numbers, double?[] expected)
    {
        double?[] values = [.. numbers.Select(static n => n.ValueKind == JsonValueKind.Null ? (double?)null : n.GetDouble())];
        Assert.That(values.Select(static v => v is null), Is.EqualTo(expected.Select(static v => v is null)));
        Assert.That(values.Select(static v => v ?? 0), Is.EqualTo(expected.Select(static v => v ?? 0)).Within(1e-9));
    }
}
