using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta align</c> over good input: small files, and the samples against the golden rows.</summary>
[TestFixture]
public sealed class AlignCommandTests
{
    [TestCase("paper")]
    [TestCase("fusion")]
    [TestCase("reference")]
    public void TheReportAgreesWithTheOutput(string preset)
    {
        using var files = new AlignFiles(documents: 30, sources: 2);
        PtaRun run = Pta.Run(files.Arguments("--preset", preset, "--window", "4", "--json", "--report", files.Folder["report.json"]));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        JsonElement json = run.Json;
        Assert.That(File.ReadAllText(files.Folder["report.json"]).Trim(), Is.EqualTo(run.Output.Trim()), "--json and --report are one report");

        JsonElement[] lines = [.. File.ReadLines(files.Output).Select(Parse)];
        Assert.That(json.GetProperty("documents").GetInt32(), Is.EqualTo(lines.Length).And.EqualTo(30));
        Assert.That(json.GetProperty("target_tokens").GetInt32(), Is.EqualTo(lines.Sum(l => l.GetProperty("input_ids").GetArrayLength())));
        Assert.That(json.GetProperty("switches").GetProperty("window").GetString(), Is.EqualTo("4"));
        Assert.That(json.GetProperty("source_order").EnumerateArray().Select(s => s.GetString()), Is.EquivalentTo(new[] { "giver-a", "giver-b" }));
        if (preset == "reference")
        {
            Assert.That(json.GetProperty("merged").ValueKind, Is.EqualTo(JsonValueKind.Null));
            for (int s = 0; s < 2; s++)
                AssertRows(json.GetProperty("sources")[s].GetProperty("rows"), lines, $"rules_{s}");
        }
        else
        {
            AssertRows(json.GetProperty("merged").GetProperty("rows"), lines, "rules");
            JsonElement gold = json.GetProperty("merged").GetProperty("gold");
            Assert.That(gold.GetProperty("fused_hits").GetInt32(), Is.EqualTo(lines.Sum(FusedHits)));
            bool worse = gold.GetProperty("fused_hits").GetInt32() < gold.GetProperty("target_hits").GetInt32();
            Assert.That(json.GetProperty("warning").ValueKind, Is.EqualTo(worse ? JsonValueKind.String : JsonValueKind.Null));
            Assert.That(run.Errors, worse ? Does.Contain("warning: fused rows name the next token in ") : Does.Not.Contain("warning"));
        }

        static void AssertRows(JsonElement rows, JsonElement[] lines, string field)
        {
            var letters = lines.SelectMany(l => l.GetProperty(field).GetString()!).GroupBy(c => c).ToDictionary(g => g.Key.ToString(), g => g.LongCount());
            Assert.That(rows.EnumerateObject().ToDictionary(r => r.Name, r => r.Value.GetInt64()), Is.EquivalentTo(letters));
        }
    }

    [Test]
    public void TheTableNamesDocumentsSourcesAndOutput()
    {
        using var files = new AlignFiles(sources: 2);
        PtaRun run = Pta.Run(files.Arguments("--preset", "fusion", "--source-order", "2,1"));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.StartWith("3 documents, ").And.Contain(files.Output).And.Contain("giver-a").And.Contain("giver-b").And.Contain("gold top-1, target's own").And.Not.Contain("\u001b"));
        Assert.That(run.Errors, Does.Not.Contain("bits per byte"), "a given order needs no notice");
    }

    [Test]
    public void AnOverriddenSwitchIsUsedAndReported()
    {
        using var files = new AlignFiles();
        files.Target(0).LogSumExp = files.Source(0).LogSumExp = null;
        PtaRun run = Pta.Run(files.Arguments("--preset", "fusion", "--mass", "renormalised", "--fallback", "label", "--limit", "1", "--json"));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(run.Json.GetProperty("switches").GetProperty("mass").GetString(), Is.EqualTo("renormalised"));
        JsonElement line = Parse(File.ReadLines(files.Output).Single());
        Assert.That(line.GetProperty("rules").GetString(), Does.Match("^[BPZL]*\\.$"));
        Assert.That(line.GetProperty("fused_probs").EnumerateArray().SkipLast(1).Select(r => r.EnumerateArray().Sum(p => p.GetDouble())), Is.All.EqualTo(1).Within(1e-12));
    }

    [Test]
    public void ReferenceLetsNaNThroughLikeTheOfficialCode()
    {
        using var files = new AlignFiles();
        foreach (double[] row in files.Target(1).Logits.Concat(files.Source(1).Logits))
            row[0] = double.NaN;
        PtaRun run = Pta.Run(files.Arguments("--preset", "reference", "--window", "4"));
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Assert.That(JsonLines.Read(files.Output).ElementAt(1).Candidates.ValuesOf(0)[0], Is.NaN);
    }

    [Test]
    public void PresetReferenceGivesTheGoldenRows()
    {
        using var folder = new TemporaryFolder();
        PtaRun run = Pta.Run(
            "align", "--preset", "reference", "--limit", "2", "--target", Pta.Samples("spA.jsonl.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"),
            "--source", Pta.Samples("gpt2.jsonl.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"), "--map", Path.Combine(Pta.Golden, "align_mapping.gpt2-spA.json.gz"),
            "--out", folder["out.jsonl"]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        Dictionary<string, JsonElement> golden = GoldenById("align.gpt2-spA.jsonl.gz", "gpt2>spA/");
        int compared = 0;
        foreach (JsonElement line in File.ReadLines(folder["out.jsonl"]).Select(Parse))
        {
            if (!golden.TryGetValue(line.GetProperty("id").GetString()!, out JsonElement expected))
                continue;
            compared++;
            Assert.That(line.GetProperty("rules_0").GetString(), Is.EqualTo(expected.GetProperty("step_kind").GetString()));
            AssertRows(line.GetProperty("per_step_aligned_indices_0"), expected.GetProperty("ot").GetProperty("indices"), 0);
            AssertRows(line.GetProperty("per_step_aligned_logits_0"), expected.GetProperty("ot").GetProperty("logits"), 1e-9);
        }

        if (compared == 0)
            Assert.Ignore("no sample document is golden");

        static void AssertRows(JsonElement actual, JsonElement expected, double tolerance)
        {
            Assert.That(actual.GetArrayLength(), Is.EqualTo(expected.GetArrayLength()));
            for (int i = 0; i < actual.GetArrayLength(); i++)
                Assert.That(Doubles(actual[i]), Is.EqualTo(Doubles(expected[i])).Within(tolerance), $"row {i}");
        }
    }

    [TestCase("paper", new string[0])]
    [TestCase("fusion", new[] { "--mass", "renormalised" })]
    public void OurPresetsGiveDistributionsOnTheSamples(string preset, string[] switches)
    {
        using var folder = new TemporaryFolder();
        PtaRun run = Pta.Run([
            "align", "--preset", preset, "--limit", "2", "--json", "--target", Pta.Samples("spA.jsonl.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"),
            "--source", Pta.Samples("gpt2.jsonl.gz"), "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"), "--out", folder["out.jsonl.gz"], .. switches]);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        JsonElement[] lines = [.. JsonLines.ReadLines(folder["out.jsonl.gz"]).Select(l => Parse(l.Text))];
        Assert.That(lines.Select(l => l.GetProperty("id").GetString()), Is.EqualTo(JsonLines.Read(Pta.Samples("spA.jsonl.gz")).Take(2).Select(d => d.Id)));
        foreach (JsonElement line in lines)
        {
            string rules = line.GetProperty("rules").GetString()!;
            Assert.That(rules.Count(c => c != '.'), Is.GreaterThan(rules.Length / 3));
            for (int i = 0; i < rules.Length; i++)
            {
                double[] p = Doubles(line.GetProperty("fused_probs")[i]);
                Assert.That(p.Sum(), Is.EqualTo(rules[i] == '.' ? 0 : 1).Within(1e-12));
                Assert.That(p, Is.Ordered.Descending);
                Assert.That(p, Has.Length.LessThanOrEqualTo(10));
            }
        }

        JsonElement transports = run.Json.GetProperty("sources")[0].GetProperty("transports");
        Assert.That(transports.GetProperty("iteration-limit").GetInt32() + transports.GetProperty("not-finite").GetInt32(), Is.Zero);
        Assert.That(transports.GetProperty("converged").GetInt32(), preset == "paper" ? Is.Positive : Is.Zero, "fusion projects by bytes");
    }

    private static Dictionary<string, JsonElement> GoldenById(string file, string prefix) => JsonLines.ReadLines(Path.Combine(Pta.Golden, file))
        .Select(line => Parse(PythonJson.Quote(line.Text)))
        .Where(row => row.GetProperty("mode").GetString() == "default").ToDictionary(row => row.GetProperty("id").GetString()![prefix.Length..]);

    private static int FusedHits(JsonElement line)
    {
        int[] ids = [.. line.GetProperty("input_ids").EnumerateArray().Select(v => v.GetInt32())];
        string rules = line.GetProperty("rules").GetString()!;
        return Enumerable.Range(0, ids.Length - 1).Count(i => rules[i] is not ('.' or 'T' or 'L') && line.GetProperty("fused_indices")[i][0].GetInt32() == ids[i + 1]);
    }

    private static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(v => v.GetDouble())];

    private static JsonElement Parse(string line) => JsonDocument.Parse(line).RootElement;
}
