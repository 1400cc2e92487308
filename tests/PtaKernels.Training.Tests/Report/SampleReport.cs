using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report;

/// <summary>A report with everything in it, names that need escaping among them.</summary>
internal static class SampleReport
{
    public static FusionReport Create()
    {
        var random = new Random(1);
        string[] domains = ["core", "web", "all"];
        return new FusionReport
        {
            Title = "Fusion of neox and mpt <small>",
            Date = new DateTimeOffset(2026, 11, 26, 4, 50, 0, TimeSpan.Zero),
            Machine = "2 cores of a test machine",
            Versions = new Dictionary<string, string> { ["pta"] = "0.1.0", [".NET"] = "10.0.0" },
            Config = "{\n  \"output\": \"fused/\" // ```\n}\n",
            Domains = domains,
            Target = new ReportModel("target", "Llama", 690_000, "unigram, 2,048 tokens", Bits(1.727, 2.072, 1.84)),
            Sources = [new ReportModel("neox", "GPT-NeoX", 3_500_000, "BPE, 4,096 tokens", Bits(1.283, 1.332, 1.3)), new ReportModel("mpt", "MPT", 3_200_000, "BPE | 3,072 tokens", Bits(1.101, 1.666, 1.28))],
            Students =
            [
                Student("fusion", "fusion", 0.5, -0.0564, 3.95) with { Coverage = 0.775, GoldTop1 = 0.295, TargetTop1 = 0.188, SignalKept = 0.993 },
                Student("paper", "paper", 0.8, 0.0061, 4.13) with { Coverage = 0.775, GoldTop1 = 0.179, TargetTop1 = 0.188, SignalKept = 0.419 },
                Student("clm", null, 1, 0, 4.10) with { AgainstControl = [] },
            ],
            Control = "clm",
            Stages = [new("split", 1.5), new("capture neox", 8.4), new("align fusion", 2.1, true), new("train fusion", 37), new("align paper", 28, true), new("train paper", 37)],
            Warnings = ["12 documents were left out."],
            Conclusions = ["Fusion is better than training alone on both domains.", "Nothing follows for large models."],
        };

        ReportStudent Student(string name, string? preset, double weight, double difference, double loss) => new()
        {
            Name = name,
            Preset = preset,
            LossWeight = weight,
            Steps = 450,
            Tokens = 307_200,
            BitsPerByte = Bits(1.561 + difference, 1.9102 + difference, 1.68 + difference),
            AgainstControl = [.. domains.Select(d => new ReportDifference(d, difference, difference - 0.003, difference + 0.003, 0.0015, 0.0002))],
            AgainstStart = [.. domains.Select(d => new ReportDifference(d, difference - 0.16, difference - 0.165, difference - 0.155, 0.0025, 0.0002))],
            Loss = new LossSeries(name, [.. Enumerable.Range(1, 450).Select(static i => i * 682.0)], [.. Enumerable.Range(1, 450).Select(i => loss + (1.2 * Math.Exp(-i / 90.0)) + (0.3 * (random.NextDouble() - 0.5)))]),
        };

        Dictionary<string, double> Bits(params double[] values) => domains.Zip(values).ToDictionary(static p => p.First, static p => p.Second);
    }
}
