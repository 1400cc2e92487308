namespace PtaKernels.Ptx.Check;

/// <summary>The least clocks that a sub-partition of a multiprocessor needs to issue some instructions of one warp, by pipe.</summary>
/// <remarks>
/// Every instruction counts once: branches inside a loop are taken both ways, so code that is rarely reached makes the figure too high. Latencies, bank
/// conflicts and caches are left out, so it is too low where few warps are held or memory is waited for.
/// </remarks>
internal sealed record IssueModel(double Issue, double Integer, double Multiply, double Float64, double Memory, double Special)
{
    /// <summary>The pipe that is busy longest.</summary>
    public double Clocks => Math.Max(Math.Max(Math.Max(Issue, Integer), Math.Max(Multiply, Float64)), Math.Max(Memory, Special));

    /// <summary>Its name; the issue slot wins ties.</summary>
    public string Limit => new (string Name, double Clocks)[]
    {
        ("issue", Issue), ("int", Integer), ("imad+fp32", Multiply), ("fp64", Float64), ("memory", Memory), ("special", Special),
    }.MaxBy(static pipe => pipe.Clocks).Name;

    public static IssueModel Of(Architecture architecture, InstructionMix mix)
    {
        int multiplies = mix[InstructionClass.IntegerMultiply];
        return new IssueModel(
            mix.Total,
            ClocksOf(mix[InstructionClass.Integer], Architecture.IntegerLanes),
            // Half of the float32 lanes of sm_90 do integer multiply-adds, all of sm_80's.
            Math.Max(ClocksOf(multiplies, Architecture.IntegerLanes), ClocksOf(multiplies + mix[InstructionClass.Float32], architecture.Float32Lanes)),
            ClocksOf(mix[InstructionClass.Float64], architecture.Float64Lanes),
            ClocksOf(mix.MemoryWords, Architecture.MemoryLanes),
            ClocksOf(mix[InstructionClass.Special], Architecture.SpecialLanes));
    }

    private static double ClocksOf(int instructions, int lanes) => (double)instructions * Architecture.WarpSize * Architecture.SubPartitions / lanes;
}
