using PtaKernels.Effect;

namespace PtaKernels.Training.Tests.Effect;

/// <summary>Results of a study whose differences over five seeds are known: a mean, and -0.002 .. +0.002 around it.</summary>
internal static class SampleEffect
{
    private static readonly (string Name, double Offset)[] Domains = [("core", 0), ("web", 0.3), ("all", 0.06)];

    /// <summary>The study.</summary>
    /// <param name="seeds">How many; around the mean they vary by their distance to the third.</param>
    public static EffectResults Create(int seeds = 5) => new()
    {
        Title = "Which alignment teaches",
        Date = new DateTimeOffset(2026, 11, 26, 20, 5, 0, TimeSpan.Zero),
        Machine = "2 cores of a test machine",
        Versions = new Dictionary<string, string> { ["pta"] = "0.1.0", [".NET"] = "10.0.0" },
        Command = "scripts/effect",
        Seconds = 40_000,
        Seeds = [.. Enumerable.Range(1, seeds)],
        TeacherSets = Enumerable.Range(1, seeds).ToDictionary(static s => s, static s => s <= 3 ? 101 : 102),
        HeldOut = new Dictionary<string, EffectText> { ["core"] = new(1234, 250_000), ["web"] = new(345, 110_000) },
        Models = [Model("neox", 101, 1.18), Model("neox", 102, 1.2), Model("mpt", 101, 1.3), .. Enumerable.Range(1, seeds).Select(static s => Model("target before", s, 1.62 + (0.01 * s)))],
        Methods =
        [
            Method("clm", "controls", "the text alone", seeds, null, 0),
            Method("clm-official", "controls", "the same, packed as the official code does", seeds, null, 0.03),
            Method("clm-more", "controls", "four times the text, once each", seeds, "clm", -0.0266),
            Taught("fusion", "presets", "", seeds, "clm", -0.0364, 0.2) with { Worst = Worst, Bootstrap = new Dictionary<string, BootstrapResult> { ["core"] = new(-0.0364, -0.039, -0.034, 0.0013, 0.0002), ["web"] = new(-0.036, -0.041, -0.031, 0.0025, 0.0002) } },
            Taught("paper", "presets", "as published: balanced transport, recursive", seeds, "clm", 0.0075, 0.12),
            Taught("reference", "presets", "as the official code does", seeds, "clm-official", -0.0035, 0.11),
            Taught("same-tokenizer", "baselines", "a teacher with the target's own tokenizer", seeds, "clm", -0.052, 0.24),
            Taught("fuse-soft", "baselines", "FuseLLM, soft", seeds, "clm-official", -0.0168, 0.15),
            Taught("fuse-hard", "baselines", "FuseLLM, hard", seeds, "clm-official", -0.065, 0.18),
            .. Enumerable.Range(0, 24).Select(i => Taught($"change-{i}", EffectMethod.Groups[3 + (i % 11)], $"switch {i} | other", seeds, "clm", -0.030 - (0.0004 * i), 0.19 + (0.0005 * ((i * 7) % 24)))),
            Taught("byte-tail", "ideas", "byte projection, tail shared by length", seeds, "clm", -0.0468, 0.21),
            Taught("byte-tail-same-tokenizer", "baselines", "the same with more candidates", seeds, "clm", -0.0936, 0.25),
            Taught("agree", "ideas", "the source that agrees", seeds, "clm", -0.0364, 0.2),
            Method("rows-only", "transport", "exact", seeds, null, 0) with { Runs = [.. Taught("", "transport", "", seeds, "clm", 0, 0.1).Runs.Select(static r => r with { BitsPerByte = new Dictionary<string, double>() })] },
        ],
        Tuning = [new("clm", 0.002, 1.51), new("fusion", 0.003, 1.45)],
    };

    /// <summary>A row that another machine trained later, with the control and the fusion beside it.</summary>
    /// <param name="seeds">How many.</param>
    /// <param name="shift">What all of that machine's students have more, bits per byte.</param>
    public static EffectResults Added(int seeds, double shift)
    {
        EffectResults first = Create(seeds);
        EffectMethod fusion = Taught("fusion", "presets", "", seeds, "clm", -0.0264, 0.2);
        EffectMethod[] rows = [first.Methods[0], fusion, Taught("topk", "transport", "as top1, projection topk", seeds, "clm", -0.0284, 0.2) with { ChangeOf = "fusion" }];
        return first with
        {
            Date = new DateTimeOffset(2026, 11, 28, 8, 0, 0, TimeSpan.Zero),
            Machine = "another machine",
            Command = "scripts/effect run --methods topk",
            Seconds = 600,
            Models = [],
            Methods = [.. rows.Select(m => m with { Runs = [.. m.Runs.Select(r => r with { BitsPerByte = r.BitsPerByte.ToDictionary(static b => b.Key, b => b.Value + shift) })] })],
        };
    }

    private static EffectDocument[] Worst => [.. Enumerable.Range(0, 12).Select(static i => new EffectDocument($"System.Sample_{i}#1", i % 2 == 0 ? "core" : "web", i < 6 ? 0.3 - (0.01 * i) : -0.5 + (0.01 * i), i >= 6))];

    private static EffectModel Model(string name, int seed, double bits) => new(name, seed, Domains.ToDictionary(static d => d.Name, d => bits + d.Offset));

    private static EffectMethod Method(string name, string group, string change, int seeds, string? control, double difference) => new()
    {
        Name = name,
        Group = group,
        Change = change,
        LossWeight = 1,
        LearningRate = 0.002,
        Control = control,
        Runs =
        [
            .. Enumerable.Range(1, seeds).Select(s => new EffectRun
            {
                Seed = s,
                BitsPerByte = Domains.ToDictionary(static d => d.Name, d => 1.43 + (0.01 * s) + d.Offset + difference + (control is null ? 0 : 0.001 * (s - 3)) + (control == "clm-official" ? 0.03 : 0)),
                Tokens = 329_032,
                Steps = 438,
                TrainSeconds = 41.5,
            }),
        ],
    };

    private static EffectMethod Taught(string name, string group, string change, int seeds, string control, double difference, double gold)
    {
        EffectMethod method = Method(name, group, change, seeds, control, difference);
        return method with
        {
            LossWeight = 0.5,
            Preset = name is "paper" or "reference" ? name : "fusion",
            Switches = new Dictionary<string, string> { ["transport"] = "semi-relaxed" },
            Sources = ["neox", "mpt"],
            Runs = [.. method.Runs.Select(r => r with { Coverage = 0.86, GoldTop1 = gold + 0.08, TargetTop1 = 0.188, GoldProbability = gold, SignalKept = 0.9 - gold, AlignSeconds = 2.5 })],
        };
    }
}
