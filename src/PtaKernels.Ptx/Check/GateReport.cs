using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PtaKernels.Ptx.Check;

/// <summary>The table and the JSON of a run of the gate.</summary>
internal static class GateReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly string[] Columns =
        ["kernel", "arch", "regs", "static", "dynamic", "int", "fp64", "fp32", "shared", "global", "shuffle", "special", "branch", "other", "warps", "occupancy", "clocks", "limit"];

    /// <summary>A row per kernel and architecture, then one per loop with its clocks, what is in its inner loops left out.</summary>
    public static void WriteTable(TextWriter output, IEnumerable<KernelFacts> all)
    {
        var rows = new List<string[]> { Columns };
        foreach (KernelFacts facts in all)
            rows.AddRange(Rows(facts));
        int[] widths = [.. Enumerable.Range(0, Columns.Length).Select(c => rows.Max(row => row[c].Length))];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Join("  ", row.Select((cell, c) => c is 0 or 1 ? cell.PadRight(widths[c]) : c == row.Length - 1 ? cell : cell.PadLeft(widths[c]))).TrimEnd());
        }

        output.WriteLine();
        output.WriteLine("regs per thread; static and dynamic shared memory in bytes per block; instructions by class, each counted once, what is in inner loops left out of outer ones;");
        output.WriteLine("warps held by a multiprocessor. A loop's clocks: the least that a sub-partition needs to issue one pass of one warp (a pass may be several of the");
        output.WriteLine("source's, where ptxas unrolled), and the pipe that needs them; times a quarter of the warps: one pass of all that it holds. Nothing was run on a device.");
    }

    public static string ToJson(CudaTools tools, IEnumerable<KernelFacts> all, IEnumerable<Finding> findings) =>
        ToJson(tools.Version, all, findings);

    public static string ToJson(string ptxas, IEnumerable<KernelFacts> all, IEnumerable<Finding> findings)
    {
        var root = new JsonObject
        {
            ["ptxas"] = ptxas,
            ["kernels"] = new JsonArray([.. all.Select(static facts => (JsonNode)Kernel(facts))]),
            ["findings"] = new JsonArray([.. findings.Select(static f => (JsonNode)new JsonObject
            {
                ["kernel"] = f.Kernel, ["architecture"] = f.Architecture, ["kind"] = f.Kind.ToString(), ["sentence"] = f.Sentence,
            })]),
        };
        return root.ToJsonString(Indented);
    }

    private static IEnumerable<string[]> Rows(KernelFacts facts)
    {
        if (facts is not { Assembled: { Error: null } report, Sass: { } sass })
        {
            yield return [facts.Entry.Name, facts.Architecture.Name, .. Enumerable.Repeat("-", Columns.Length - 2)];
            yield break;
        }

        SassLoops flow = SassLoops.Find(sass);
        Occupancy occupancy = facts.Occupancy;
        yield return
        [
            facts.Entry.Name, facts.Architecture.Name, Text(report.Registers), Text(report.StaticShared), Text(facts.Entry.DynamicShared),
            .. MixCells(InstructionMix.Of(flow.Reached)), Text(occupancy.Warps), Percent(occupancy.Share), "", "",
        ];
        foreach (SassLoop loop in flow.Loops)
        {
            InstructionMix mix = InstructionMix.Of(loop.Own);
            IssueModel model = IssueModel.Of(facts.Architecture, mix);
            yield return [$"{new string(' ', 2 * loop.Depth)}loop at 0x{loop.Address:x}{(loop.Innermost ? "" : " around the next")}", "", "", "", "", .. MixCells(mix), "", "", Clocks(model.Clocks), model.Limit];
        }
    }

    private static string[] MixCells(InstructionMix mix) =>
    [
        Text(mix[InstructionClass.Integer] + mix[InstructionClass.IntegerMultiply]),
        Text(mix[InstructionClass.Float64]), Text(mix[InstructionClass.Float32]), Text(mix[InstructionClass.Shared]),
        Text(mix[InstructionClass.Global]), Text(mix[InstructionClass.Shuffle]), Text(mix[InstructionClass.Special]), Text(mix[InstructionClass.Branch]),
        Text(mix[InstructionClass.Uniform] + mix[InstructionClass.Local] + mix[InstructionClass.Other]),
    ];

    private static JsonObject Kernel(KernelFacts facts)
    {
        var kernel = new JsonObject
        {
            ["kernel"] = facts.Entry.Name, ["architecture"] = facts.Architecture.Name, ["threads"] = facts.Entry.Threads,
            ["register_budget"] = facts.Entry.Registers, ["exact_float64"] = facts.Entry.ExactFloat64,
        };
        if (facts is not { Assembled: { Error: null } report, Ptx: { } ptx, Sass: { } sass })
            return kernel;
        SassLoops flow = SassLoops.Find(sass);
        Occupancy occupancy = facts.Occupancy;
        kernel["registers"] = report.Registers;
        kernel["static_shared"] = report.StaticShared;
        kernel["dynamic_shared"] = facts.Entry.DynamicShared;
        kernel["fused_float64_in_ptx"] = ptx.FusedFloat64;
        kernel["helper_instructions"] = sass.Helpers.Count;
        kernel["mix"] = Mix(InstructionMix.Of(flow.Reached));
        kernel["occupancy"] = new JsonObject
        {
            ["blocks"] = occupancy.Blocks, ["warps"] = occupancy.Warps, ["share"] = Math.Round(occupancy.Share, 4), ["limit"] = occupancy.Limit,
        };
        kernel["loops"] = new JsonArray([.. flow.Loops.Select(loop => (JsonNode)Loop(facts.Architecture, loop, occupancy))]);
        return kernel;
    }

    private static JsonObject Loop(Architecture architecture, SassLoop loop, Occupancy occupancy)
    {
        InstructionMix mix = InstructionMix.Of(loop.Own);
        IssueModel model = IssueModel.Of(architecture, mix);
        return new JsonObject
        {
            ["address"] = loop.Address, ["depth"] = loop.Depth, ["innermost"] = loop.Innermost, ["mix"] = Mix(mix),
            ["clocks"] = new JsonObject
            {
                ["issue"] = model.Issue, ["int"] = model.Integer, ["imad_fp32"] = model.Multiply, ["fp64"] = model.Float64,
                ["memory"] = model.Memory, ["special"] = model.Special,
            },
            ["clocks_per_warp"] = model.Clocks,
            ["clocks_of_all_warps"] = model.Clocks * occupancy.Warps / Architecture.SubPartitions,
            ["limit"] = model.Limit,
        };
    }

    private static JsonObject Mix(InstructionMix mix)
    {
        var counts = new JsonObject { ["total"] = mix.Total };
        foreach (InstructionClass kind in Enum.GetValues<InstructionClass>())
            counts[JsonNamingPolicy.SnakeCaseLower.ConvertName(kind.ToString())] = mix[kind];
        counts["memory_words"] = mix.MemoryWords;
        return counts;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");

    private static string Clocks(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
