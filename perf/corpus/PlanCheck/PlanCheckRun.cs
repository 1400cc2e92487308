using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using PtaKernels.Cli;
using PtaKernels.Pipeline.Planning;
using PtaKernels.Training;

namespace PtaKernels.CorpusBench;

/// <summary>Plans from a sample of a corpus, then does all of it for real, disk to disk, a process for each stage, and compares.</summary>
internal sealed class PlanCheckRun
{
    private const double Hour = 3600;
    private const string Work = "plan-check.tmp", Model = "model", Train = "train";

    /// <summary>Steps of the two trainings that are run, of two sequences each; the hours of what the longer one has more are scaled to all of the corpus.</summary>
    private const int FewSteps = 4, ManySteps = 24, Accumulation = 2, Length = 512;

    /// <summary>The corpus.</summary>
    public required string Corpus { get; init; }

    /// <summary>Presets.</summary>
    public required IReadOnlyList<string> Presets { get; init; }

    /// <summary>Chance of each document.</summary>
    public required double Sample { get; init; }

    /// <summary>Runs of each stage.</summary>
    public required int Rounds { get; init; }

    /// <summary>What the README's plan is for, as options of <c>pta plan</c>.</summary>
    public required IReadOnlyList<string> Scale { get; init; }

    /// <summary>Results of <c>scripts/corpus-bench</c> whose bytes and rates are compared as well, or null.</summary>
    public required string? Former { get; init; }

    /// <summary>What was typed.</summary>
    public required string Command { get; init; }

    /// <summary>Told what is done.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    private string Folder => Path.Combine(Corpus, Work);

    private string In(string name) => Path.Combine(Folder, name);

    /// <summary>Plans, runs, compares.</summary>
    /// <exception cref="AlignmentDataException">A run fails.</exception>
    public PlanCheckResults Run(CancellationToken cancellation)
    {
        AlignWork.Remove(Folder);
        Directory.CreateDirectory(Folder);
        try
        {
            CorpusFacts facts = CorpusFacts.Read(Corpus);
            bool trains = MakeModel();
            List<CheckedForecast> checks = [];
            var plans = new Dictionary<string, Plan>();
            foreach (string preset in Presets)
            {
                string[] model = trains && preset == Presets[^1] ? ["--target-model", In(Model), "--length", $"{Length}", "--compute", "float32", "--activations", "keep"] : [];
                plans[preset] = PlanOf(preset, [.. model]);
                checks.AddRange(Check(preset, plans[preset], facts, model.Length > 0, cancellation));
                foreach (CheckedForecast one in checks.Where(c => c.Preset == preset))
                    Notice(PlanCheckTable.LineOf(one));
            }

            Plan scale = PlanOf(Presets[^1], Scale);
            return new PlanCheckResults
            {
                Date = DateTimeOffset.Now,
                Machine = Machine.CpuName(),
                Cores = Environment.ProcessorCount,
                Versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
                {
                    ["pta"] = typeof(PlanCheckRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
                    [".NET"] = Environment.Version.ToString(),
                    ["system"] = RuntimeInformation.OSDescription,
                    ["commit"] = MeasureRun.Commit(),
                },
                Command = Command,
                Corpus = new CheckedCorpus(CorpusSinks.IsStore(Corpus) ? "stores" : "JSON lines", facts.Documents, facts.Models[0].Tokens, Sample, scale.Sample!.Documents),
                Checks = checks,
                Plans = plans,
                Scale = scale,
                ScaleCommand = $"pta plan --preset {Presets[^1]} --sample {Sample.ToString(System.Globalization.CultureInfo.InvariantCulture)} {string.Join(' ', Scale)}",
            };
        }
        finally
        {
            AlignWork.Remove(Folder);
        }
    }

    private string[] Inputs => ["--target", CorpusSinks.Existing(Corpus, CorpusTokenizers.Target), "--target-vocab", Tokenizer(CorpusTokenizers.Target), "--source", CorpusSinks.Existing(Corpus, CorpusTokenizers.Sources[0]), "--source-vocab", Tokenizer(CorpusTokenizers.Sources[0])];

    private string Tokenizer(string name) => Path.Combine(Corpus, CorpusTokenizers.Folder, CorpusTokenizers.FileOf(name));

    private Plan PlanOf(string preset, IReadOnlyList<string> more)
    {
        using PtaProcess run = PtaProcess.Run(["plan", "--preset", preset, .. Inputs, "--sample", Sample.ToString("R", System.Globalization.CultureInfo.InvariantCulture), "--json", .. more]);
        Notice($"planned {preset} in {run.Seconds:F0} s");
        return JsonSerializer.Deserialize<Plan>(run.Output, Terminal.JsonOptions)!;
    }

    private List<CheckedForecast> Check(string preset, Plan plan, CorpusFacts facts, bool trains, CancellationToken cancellation)
    {
        List<CheckedForecast> checks = [];
        string[] inputs = [.. new[] { CorpusTokenizers.Target, CorpusTokenizers.Sources[0] }.Select(m => CorpusSinks.Existing(Corpus, m))];
        if (!CorpusSinks.IsStore(Corpus))
        {
            for (int m = 0; m < inputs.Length; m++)
            {
                string model = m == 0 ? CorpusTokenizers.Target : CorpusTokenizers.Sources[0], store = In(model);
                checks.AddRange(Timed(preset, plan, "import", m, ["store", "import", inputs[m], "--vocab", Tokenizer(model), "--out", store], store, cancellation));
                inputs[m] = store;
            }
        }

        string aligned = In("aligned"), packed = In("packed"), report = In("report.json");
        string[] align =
        [
            "align", "--preset", preset, "--target", inputs[0], "--target-vocab", Tokenizer(CorpusTokenizers.Target), "--source", inputs[1], "--source-vocab", Tokenizer(CorpusTokenizers.Sources[0]), "--out", aligned, "--report", report,
        ];
        checks.AddRange(Timed(preset, plan, "align", 0, align, aligned, cancellation));
        checks.AddRange(Coverage(preset, plan, report));
        if (Former is { } file && CorpusResults.Read(file).Runs.Where(r => r.Preset == preset && r.Sources == 1).MaxBy(static r => r.TargetTokens) is { } former)
            checks.Add(Formerly(preset, plan, former, Path.GetFileName(file)));
        if (plan.Forecasts[0].Rows.Any(static r => r.Stage == "pack"))
            checks.AddRange(Timed(preset, plan, "pack", 0, ["pack", "--in", aligned, "--out", packed, .. trains ? new[] { "--length", $"{Length}" } : []], packed, cancellation));
        if (trains)
            checks.AddRange(Trained(preset, plan, packed, facts.Models[0].Tokens, cancellation));

        return checks;
    }

    /// <summary>Runs a stage and compares bytes and hours.</summary>
    /// <param name="preset">The preset.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="index">Which of its rows.</param>
    /// <param name="arguments">What <c>pta</c> is given.</param>
    /// <param name="output">What it writes; the last one stays.</param>
    /// <param name="cancellation">Stops it.</param>
    private IEnumerable<CheckedForecast> Timed(string preset, Plan plan, string stage, int index, string[] arguments, string output, CancellationToken cancellation)
    {
        PlanRow row = plan.Forecasts[0].Rows.Where(r => r.Stage == stage).ElementAt(index);
        string name = row.Model is null ? stage : $"{stage} {row.Model}";
        List<double> clock = [], processor = [];
        long bytes = 0;
        for (int round = 0; round < Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            AlignWork.Remove(output);
            using PtaProcess run = PtaProcess.Run(arguments);
            bytes = FolderBytes.SizeOf(output);
            clock.Add(run.Seconds / Hour);
            processor.Add(run.ProcessorSeconds / Hour);
            Notice($"{preset}, {name}: {run.Seconds:F1} s by the clock, {run.ProcessorSeconds:F1} s of processors, {bytes:N0} bytes");
        }

        if (row.DiskBytes is { } disk)
            yield return new CheckedForecast(preset, name, "disk", "bytes", disk, bytes, []);
        if (row.CpuHours is { } cpu)
            yield return new CheckedForecast(preset, name, "CPU", "hours", cpu, DocumentBootstrap.Median(processor), processor);
        if (row.WallHours is { } wall)
            yield return new CheckedForecast(preset, name, "clock", "hours", wall, DocumentBootstrap.Median(clock), clock);
    }

    /// <summary>Hours of training: of steps, without the start of the program, which a few steps would hide them behind.</summary>
    private IEnumerable<CheckedForecast> Trained(string preset, Plan plan, string packed, double tokens, CancellationToken cancellation)
    {
        PlanRow row = plan.Forecasts[0].Rows.First(static r => r.Stage == Train);
        double scale = tokens / ((ManySteps - FewSteps) * Accumulation * Length) / Hour;
        List<double> clock = [], processor = [];
        for (int round = 0; round < Rounds; round++)
        {
            (double Clock, double Processor) few = Time(FewSteps), many = Time(ManySteps);
            clock.Add((many.Clock - few.Clock) * scale);
            processor.Add((many.Processor - few.Processor) * scale);
        }

        if (row.CpuHours is { } cpu)
            yield return new CheckedForecast(preset, Train, "CPU", "hours", cpu, DocumentBootstrap.Median(processor), processor);
        if (row.WallHours is { } wall)
            yield return new CheckedForecast(preset, Train, "clock", "hours", wall, DocumentBootstrap.Median(clock), clock);

        (double Clock, double Processor) Time(int steps)
        {
            cancellation.ThrowIfCancellationRequested();
            AlignWork.Remove(In(Train));
            using PtaProcess run = PtaProcess.Run(["train", "--model", In(Model), "--data", packed, "--out", In(Train), "--steps", $"{steps}", "--accumulate", $"{Accumulation}", "--compute", "float32", "--activations", "keep"]);
            Notice($"{preset}, {steps} steps: {run.Seconds:F1} s by the clock, {run.ProcessorSeconds:F1} s of processors");
            return (run.Seconds, run.ProcessorSeconds);
        }
    }

    private static IEnumerable<CheckedForecast> Coverage(string preset, Plan plan, string report)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement source = json.RootElement.GetProperty("sources")[0], merged = json.RootElement.GetProperty("merged");
        JsonElement rows = (merged.ValueKind == JsonValueKind.Null ? source : merged).GetProperty("rows"), gold = (merged.ValueKind == JsonValueKind.Null ? source : merged).GetProperty("gold");
        double all = json.RootElement.GetProperty("target_tokens").GetDouble();
        foreach (PlanShare share in plan.Coverage)
        {
            double? actual = share.Name switch
            {
                "taught" => rows.EnumerateObject().Where(static r => RowProvenance.IsTransfer(RuleOf(r.Name))).Sum(static r => r.Value.GetDouble()) / all,
                "gold_top1" => gold.GetProperty("fused_hits").GetDouble() / gold.GetProperty("rows").GetDouble(),
                "gold_top1_target" => gold.GetProperty("target_hits").GetDouble() / gold.GetProperty("rows").GetDouble(),
                _ => rows.TryGetProperty(share.Name, out JsonElement count) ? count.GetDouble() / all : 0,
            };
            yield return new CheckedForecast(preset, "align", $"{share.Name}: {share.Meaning}", "share of rows", share.Value, actual.Value, []);
        }

        static RowRule RuleOf(string letter) => Enum.GetValues<RowRule>().First(r => RowProvenance.LetterOf(r).ToString() == letter);
    }

    private static CheckedForecast Formerly(string preset, Plan plan, MeasuredRun former, string file)
    {
        PlanForecast forecast = plan.Forecasts[0];
        Estimate bytes = forecast.Rows.First(static r => r.Stage == "align").DiskBytes!.Value.Times(1 / forecast.TargetTokens);
        return new CheckedForecast(preset, $"align, {TokenAmount.Format(former.TargetTokens)} tokens of {file}", "disk per target token", "bytes", bytes, former.BytesPerToken, []);
    }

    /// <summary>A Llama of the demonstration's shape with the corpus's vocabulary; not where libtorch is missing.</summary>
    private bool MakeModel()
    {
        if (TorchFolder.Find() is null)
        {
            Notice("train: libtorch is missing, so it is left out; `scripts/pta setup-torch` fetches it.");
            return false;
        }

        int vocabulary = (int)Math.Ceiling(CorpusTokenizers.Load(Corpus, [CorpusTokenizers.Target])[0].Vocabulary.Count / 64.0) * 64;
        Directory.CreateDirectory(In("config"));
        File.WriteAllText(Path.Combine(In("config"), ModelFiles.ConfigName), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["model_type"] = "llama", ["vocab_size"] = vocabulary, ["hidden_size"] = 128, ["intermediate_size"] = 344, ["num_hidden_layers"] = 2, ["num_attention_heads"] = 4, ["max_position_embeddings"] = Length, ["tie_word_embeddings"] = true,
        }));
        using PtaProcess run = PtaProcess.Run(["new-model", "--config", In("config"), "--out", In(Model), "--type", "float32"]);
        return true;
    }
}
