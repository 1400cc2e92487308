using System.Text.Json;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Planning;

/// <summary><c>pta plan</c> from end to end, on the samples and on results of this repository.</summary>
public class PlanCommandTests
{
    private static readonly string[] Documents =
    [
        "plan", "--mass", "renormalised", "--target", Pta.Samples("spA.jsonl.gz"), "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source", Pta.Samples("gpt2.jsonl.gz"),
        "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"),
    ];

    private static readonly string Results = Repository.PathOf("perf/results/amd-epyc-2core");

    [Test]
    public void DiskIsWhatARealRunWritesAndCoverageWhatItReports()
    {
        using var folder = new ScratchFolder();
        JsonElement plan = Succeed([.. Documents, "--sample", "1", "--rounds", "1", "--length", "256", "--json"]).Json;
        foreach ((string name, string vocabulary) in new[] { ("spA", "vocab/spA.json.gz"), ("gpt2", "vocab/gpt2.json.gz") })
            Succeed("store", "import", Pta.Samples(name + ".jsonl.gz"), "--vocab", Pta.Samples(vocabulary), "--out", folder[name]);
        JsonElement report = Succeed(
            "align", "--mass", "renormalised", "--target", folder["spA"], "--target-vocab", Pta.Samples("vocab/spA.json.gz"), "--source", folder["gpt2"], "--source-vocab", Pta.Samples("vocab/gpt2.json.gz"),
            "--out", folder["aligned"], "--on-error", "quarantine", "--json").Json; // one document's texts differ
        Succeed("pack", "--in", folder["aligned"], "--out", folder["packed"], "--length", "256");

        using (Assert.EnterMultipleScope())
        {
            foreach ((string stage, string output) in new[] { ("import", "spA"), ("import", "gpt2"), ("align", "aligned"), ("pack", "packed") })
            {
                JsonElement row = Rows(plan).First(r => r.GetProperty("stage").GetString() == stage && (stage != "import" || r.GetProperty("model").GetString() == output));
                double written = Directory.EnumerateFiles(folder[output], "*.arrow").Sum(static f => (double)new FileInfo(f).Length);
                Assert.That(row.GetProperty("disk_bytes").GetProperty("value").GetDouble() / written, Is.EqualTo(1).Within(0.05), output);
            }

            JsonElement merged = report.GetProperty("merged"), gold = merged.GetProperty("gold");
            double tokens = report.GetProperty("target_tokens").GetDouble();
            foreach (JsonProperty rule in merged.GetProperty("rows").EnumerateObject())
                Assert.That(Share(plan, rule.Name), Is.EqualTo(rule.Value.GetDouble() / tokens).Within(1e-12), rule.Name);
            Assert.That(Share(plan, "gold_top1"), Is.EqualTo(gold.GetProperty("fused_hits").GetDouble() / gold.GetProperty("rows").GetDouble()).Within(1e-12));
            Assert.That(Share(plan, "gold_top1_target"), Is.EqualTo(gold.GetProperty("target_hits").GetDouble() / gold.GetProperty("rows").GetDouble()).Within(1e-12));
            Assert.That(plan.GetProperty("warning").ValueKind == JsonValueKind.Null, Is.EqualTo(report.GetProperty("warning").ValueKind == JsonValueKind.Null));
        }
    }

    [Test]
    public void TheJsonCarriesEverything()
    {
        JsonElement plan = Succeed([.. Documents, "--sample", "0.5", "--seed", "3", "--rounds", "1", "--tokens", "1G,1T", "--nodes", "2", "--cores", "64", "--json"]).Json;
        JsonElement[] forecasts = [.. plan.GetProperty("forecasts").EnumerateArray()];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.GetProperty("schema").GetInt32(), Is.EqualTo(1));
            Assert.That(plan.GetProperty("confidence").GetDouble(), Is.EqualTo(0.95));
            Assert.That(plan.GetProperty("switches").GetProperty("mass").GetString(), Is.EqualTo("renormalised"));
            Assert.That(plan.GetProperty("sample").GetProperty("corpus_documents").GetInt32(), Is.EqualTo(35));
            Assert.That(plan.GetProperty("sample").GetProperty("documents").GetInt32(), Is.InRange(5, 30));
            Assert.That(forecasts.Select(static f => f.GetProperty("target_tokens").GetDouble()), Is.EqualTo(new[] { 1e9, 1e12 }));
            foreach (JsonElement row in forecasts.SelectMany(static f => f.GetProperty("rows").EnumerateArray()))
            {
                Assert.That(row.GetProperty("from").GetString(), Does.Contain("measured here"));
                foreach (string column in new[] { "tokens", "disk_bytes", "cpu_hours", "wall_hours" })
                    AssertEstimate(row.GetProperty(column), $"{row.GetProperty("stage")} {column}");
                Assert.That(row.GetProperty("gpu_hours").ValueKind, Is.EqualTo(JsonValueKind.Null));
            }

            Assert.That(Rows(plan).Select(static r => r.GetProperty("stage").GetString()), Is.EqualTo(new[] { "import", "import", "align", "pack" }));
            Assert.That(plan.GetProperty("coverage").EnumerateArray().Where(static c => c.GetProperty("name").GetString()!.Length == 1).Sum(static c => c.GetProperty("value").GetProperty("value").GetDouble()), Is.EqualTo(1).Within(1e-9), "every row has a rule");
            Assert.That(
                plan.GetProperty("columns").EnumerateArray().Sum(static c => c.GetProperty("value").GetProperty("value").GetDouble()),
                Is.EqualTo(Rows(plan).First(static r => r.GetProperty("stage").GetString() == "align").GetProperty("disk_bytes").GetProperty("value").GetDouble() / 1e9).Within(0.5).Percent);
            Assert.That(plan.GetProperty("left_out").EnumerateArray().Select(static s => s.GetString()), Has.Some.StartsWith("train: the target's model is not known").And.Some.StartsWith("split: "));
        }
    }

    [Test]
    public void DeviceHoursAreCountedOverAnAssumedRateAndSaySo()
    {
        JsonElement plan = Succeed("plan", "--tokens", "1G", "--target-model", "1G", "--gpus", "8", "--device-flops", "400T", "--utilisation", "0.4", "--json").Json;
        JsonElement capture = Rows(plan)[0], train = Rows(plan)[1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Value(capture, "gpu_hours"), Is.EqualTo(1e9 * 2e9 / 1.6e14 / 3600).Within(1e-9));
            Assert.That(Value(capture, "wall_hours"), Is.EqualTo(1e9 * 2e9 / 1.6e14 / 3600 / 8).Within(1e-9));
            Assert.That(Value(train, "gpu_hours"), Is.EqualTo(1e9 * 8e9 / 1.6e14 / 3600).Within(1e-9), "six, and two for checkpointing");
            Assert.That(Value(train, "wall_hours"), Is.EqualTo(Value(train, "gpu_hours")).Within(1e-9), "one device trains");
            Assert.That(Value(capture, "disk_bytes"), Is.EqualTo(1e9 * (4 + 44 + 44 + 8 + 4 + 12)));
            foreach (JsonElement row in Rows(plan))
                Assert.That(row.GetProperty("from").GetString(), Does.Contain("assumed").And.Contain("never measured"));
            foreach (JsonElement one in plan.GetProperty("assumptions").EnumerateArray())
                Assert.That(one.GetProperty("from").GetString(), Does.StartWith("assumed"), one.GetProperty("what").GetString());
        }
    }

    [Test]
    public void RatesMayComeFromFiles()
    {
        string corpus = Path.Combine(Results, "2026-11-26-corpus.json");
        JsonElement plan = Succeed("plan", "--preset", "fusion", "--tokens", "1G", "--cores", "2", "--rates", corpus, "--json").Json;
        JsonElement align = Rows(plan).Single();
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(corpus));
        JsonElement run = file.RootElement.GetProperty("runs").EnumerateArray().Last(static r => r.GetProperty("preset").GetString() == "fusion");
        double tokens = run.GetProperty("target_tokens").GetDouble();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Value(align, "wall_hours") * 3600, Is.EqualTo(1e9 * run.GetProperty("seconds").GetDouble() / tokens).Within(0.01).Percent);
            Assert.That(Value(align, "disk_bytes"), Is.EqualTo(1e9 * run.GetProperty("bytes_per_token").GetDouble()).Within(1e-6).Percent);
            Assert.That(align.GetProperty("from").GetString(), Does.StartWith("2026-11-26-corpus.json"));
            Assert.That(plan.GetProperty("coverage").GetArrayLength(), Is.Zero);
        }

        JsonElement bench = Rows(Succeed("plan", "--preset", "fusion", "--tokens", "1G", "--cores", "4", "--rates", Path.Combine(Results, "2026-11-26.json"), "--target-model", "10M", "--json").Json).Single(static r => r.GetProperty("stage").GetString() == "train");
        Assert.That(bench.GetProperty("from").GetString(), Does.Contain("2026-11-26.json, train.step"));
    }

    [Test]
    public void TheReadmeBlockIsWrittenOnceAndForAll()
    {
        using var folder = new ScratchFolder();
        string readme = folder.Write("README.md", "before\n<!-- plan:begin -->\n<!-- plan:end -->\nafter\n");
        string[] plan = ["plan", "--tokens", "1G,1T", "--target-model", "7G", "--gpus", "8", "--device", "h100", "--readme", readme];
        string output = Succeed(plan).Output;
        string first = File.ReadAllText(readme);
        Succeed(plan);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first, Does.StartWith("before\n<!-- plan:begin -->\nPlanned ").And.EndWith("<!-- plan:end -->\nafter\n").And.Contain("| stage | takes | 1 G tokens | 1 T tokens | from |").And.Contain("| train | clock | "));
            Assert.That(File.ReadAllText(readme), Is.EqualTo(first));
            Assert.That(output, Does.Contain("1 T target tokens").And.Contain("what the maker of h100 states").And.Contain("Left out: "));
        }
    }

    private static IEnumerable<TestCaseData> Refused()
    {
        yield return new TestCaseData((string[])["plan"], "there is nothing to plan for").SetArgDisplayNames("nothing");
        yield return new TestCaseData((string[])["plan", "--tokens", "0"], "--tokens '0' is no number over 0").SetArgDisplayNames("zero tokens");
        yield return new TestCaseData((string[])["plan", "--tokens", "1G", "--target-model", "7G", "--gpus", "1", "--device", "abacus"], "--device 'abacus' is not known; give one of v100, a100").SetArgDisplayNames("unknown machine");
        yield return new TestCaseData((string[])["plan", "--tokens", "1G", "--cores", "0"], "are no machines").SetArgDisplayNames("no cores");
        yield return new TestCaseData((string[])["plan", "--tokens", "1G", "--rates", "missing.json"], "missing.json: no such file").SetArgDisplayNames("no results");
        yield return new TestCaseData((string[])["plan", "--tokens", "1G", "--target-model", "huge"], "--target-model 'huge' is neither").SetArgDisplayNames("no model");
        yield return new TestCaseData((string[])["plan", "--target", "missing.store", .. Documents[5..]], "missing.store: no such file or folder").SetArgDisplayNames("no store");
        yield return new TestCaseData((string[])[.. Documents, "--sample", "0.000001"], "holds none of its 35 documents; give a larger --sample").SetArgDisplayNames("empty sample");
        yield return new TestCaseData((string[])[.. Documents, "--sample", "2"], "--sample 2 must be a share above 0 and at most 1").SetArgDisplayNames("large sample");
        yield return new TestCaseData((string[])[.. Documents[..^2]], "1 --source but 0 --source-vocab").SetArgDisplayNames("no vocabulary");
        yield return new TestCaseData((string[])["plan", "--documents", "missing.jsonl", "--target-vocab", Pta.Samples("demo/target/tokenizer.model")], "missing.jsonl: no such file or folder").SetArgDisplayNames("no texts");
    }

    [TestCaseSource(nameof(Refused))]
    public void BadInputGetsOneSentence(string[] arguments, string sentence)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.EqualTo(1), run.Errors);
        string[] lines = [.. run.Errors.TrimEnd('\n').Split('\n').Where(static l => !l.StartsWith("notice: ", StringComparison.Ordinal))];
        Assert.That(lines, Has.Length.EqualTo(1), run.Errors);
        Assert.That(lines[0], Does.StartWith("pta: ").And.Contain(sentence).And.EndWith("."));
        Assert.That(run.Output, Is.Empty);
    }

    [Test]
    public void TextsAreSplitAndEveryModelsTokensCounted()
    {
        using var folder = new ScratchFolder();
        string texts = folder.Write("texts.jsonl", string.Concat(Enumerable.Range(0, 60).Select(static d => JsonSerializer.Serialize(new { id = $"d{d}", text = string.Concat(Enumerable.Repeat($"Document {d} says a little. ", 1 + (d % 20))) }) + "\n")));
        string target = Pta.Samples("demo/target/tokenizer.model"), source = Pta.Samples("demo/mpt/tokenizer.model");
        JsonElement plan = Succeed("plan", "--documents", texts, "--target-vocab", target, "--source-vocab", source, "--source-model", "1G", "--gpus", "1", "--device", "a100", "--sample", "1", "--rounds", "1", "--length", "64", "--json").Json;
        JsonElement split = Succeed("split", "--documents", texts, "--tokenizer", target, "--tokenizer", source, "--out", folder["pieces.jsonl"], "--length", "64", "--json").Json;
        double[] tokens = [.. split.GetProperty("tokens").EnumerateArray().Select(static t => t.GetProperty("tokens").GetDouble())];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.GetProperty("forecasts")[0].GetProperty("target_tokens").GetDouble(), Is.EqualTo(tokens[0]).Within(1e-6));
            Assert.That(Value(Rows(plan)[0], "disk_bytes"), Is.EqualTo(new FileInfo(folder["pieces.jsonl"]).Length).Within(5).Percent);
            Assert.That(Value(Rows(plan)[1], "tokens"), Is.EqualTo(tokens[1]).Within(1e-6), "the source's own tokens");
        }
    }

    private static PtaRun Succeed(params string[] arguments)
    {
        PtaRun run = Pta.Run(arguments);
        Assert.That(run.Exit, Is.Zero, run.Errors);
        return run;
    }

    private static JsonElement[] Rows(JsonElement plan) => [.. plan.GetProperty("forecasts")[0].GetProperty("rows").EnumerateArray()];

    private static double Value(JsonElement row, string column) => row.GetProperty(column).GetProperty("value").GetDouble();

    private static double Share(JsonElement plan, string name) => Value(plan.GetProperty("coverage").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name), "value");

    private static void AssertEstimate(JsonElement estimate, string what)
    {
        double low = estimate.GetProperty("low").GetDouble(), value = estimate.GetProperty("value").GetDouble(), high = estimate.GetProperty("high").GetDouble();
        Assert.That(low, Is.Positive.And.LessThanOrEqualTo(value), what);
        Assert.That(high, Is.GreaterThanOrEqualTo(value), what);
    }
}
