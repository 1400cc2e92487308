using System.Text.Json.Nodes;
using PtaKernels.Ptx.Check;

namespace PtaKernels.Tests.Ptx;

/// <summary>Each rule of the gate fails on what it is for, and a clean kernel passes.</summary>
public sealed class KernelGateTests
{
    private const string CleanPtx = ".target sm_90\n.visible .entry k()\n.maxntid 256, 1, 1\n{ add.rn.f64 %fd1, %fd1, %fd2; fma.rn.f64 %fd1, %fd1, %fd2, %fd3; }";

    private const string CleanBody = """
        .L_x_1:
                /*0000*/    LDG.E.64 R2, desc[UR6][R4.64] ;
                /*0010*/    DMUL R2, R2, R6 ;
                /*0020*/    DADD R8, R2, R8 ;
                /*0030*/    DFMA R8, R2, R8, R8 ;
                /*0040*/    @P0 BRA `(.L_x_1) ;
                /*0050*/    LD.E R2, desc[UR6][R4.64] ;
                /*0060*/    EXIT ;
        """;

    private static readonly Architecture Sm90 = Architecture.All[^1];

    private static KernelFacts Clean => new(
        new ListedKernel("k", 256, 64, 0, ExactFloat64: true, Lowest: 80, []), Sm90, PtxText.Parse(CleanPtx), new PtxasReport(64, 0, 0, 0, 0, null), Sass(CleanBody), Sass(CleanBody), []);

    [Test]
    public void ACleanKernelPasses() => Assert.That(KernelGate.Judge(Clean), Is.Empty);

    [Test]
    public void NoPtx() => AssertFinds(Clean with { Ptx = null, Assembled = null, Sass = null, UncontractedSass = null }, FindingKind.Missing);

    [Test]
    public void FunctionWithoutABody() => AssertFinds(
        Clean with { Ptx = PtxText.Parse(".extern .func f();\n" + CleanPtx), Assembled = Failed("Unresolved extern function 'f'"), Sass = null, UncontractedSass = null },
        FindingKind.Unresolved);

    [TestCase("sm_90a")]
    [TestCase("sm_80")]
    public void AnotherTarget(string target) => AssertFinds(Clean with { Ptx = PtxText.Parse(CleanPtx.Replace("sm_90", target, StringComparison.Ordinal)) }, FindingKind.Target);

    [Test]
    public void PtxThatPtxasRefuses() => AssertFinds(Clean with { Assembled = Failed("syntax error"), Sass = null, UncontractedSass = null }, FindingKind.Rejected);

    [Test]
    public void PtxThatANewerArchitectureRefuses() => AssertFinds(Clean with { Newer = [("sm_100", "not supported")] }, FindingKind.Rejected);

    [Test]
    public void Spills() => AssertFinds(Clean with { Assembled = new PtxasReport(64, 0, 4, 4, 0, null) }, FindingKind.Spill);

    [Test]
    public void AStackFrame() => AssertFinds(Clean with { Assembled = new PtxasReport(64, 8, 0, 0, 0, null) }, FindingKind.StackFrame);

    [TestCase("LDL.64 R2, [R1] ;")]
    [TestCase("STL [R1], R2 ;")]
    public void LocalMemory(string instruction) =>
        AssertFinds(Clean with { Sass = Sass(CleanBody.Replace("LD.E R2, desc[UR6][R4.64] ;", instruction, StringComparison.Ordinal)) }, FindingKind.LocalMemory);

    [TestCase("LD.E.64 R2, desc[UR6][R4.64] ;")]
    [TestCase("ST.E.64 desc[UR6][R4.64], R2 ;")]
    [TestCase("ATOM.E.ADD.STRONG.GPU PT, R2, desc[UR6][R4.64], R2 ;")]
    public void AGenericAccessInALoop(string instruction) =>
        AssertFinds(Clean with { Sass = Sass(CleanBody.Replace("LDG.E.64 R2, desc[UR6][R4.64] ;", instruction, StringComparison.Ordinal)) }, FindingKind.GenericAccess);

    [Test]
    public void ContractionInTheSass()
    {
        string contracted = CleanBody.Replace("DMUL R2, R2, R6", "MOV R2, R6", StringComparison.Ordinal).Replace("DADD R8, R2, R8", "DFMA R8, R2, R6, R8", StringComparison.Ordinal);
        AssertFinds(Clean with { Sass = Sass(contracted) }, FindingKind.ContractedFloat64);
        Assert.That(KernelGate.Judge(Clean with { Entry = Clean.Entry with { ExactFloat64 = false }, Sass = Sass(contracted), UncontractedSass = null }), Is.Empty);
    }

    [Test]
    public void Float64ThatAnotherAssemblerMayContract()
    {
        PtxText ptx = PtxText.Parse(CleanPtx.Replace("add.rn.f64", "add.f64", StringComparison.Ordinal));
        AssertFinds(Clean with { Ptx = ptx }, FindingKind.ContractedFloat64);
        Assert.That(KernelGate.Judge(Clean with { Entry = Clean.Entry with { ExactFloat64 = false }, Ptx = ptx, UncontractedSass = null }), Is.Empty);
    }

    [Test]
    public void MoreRegistersThanTheBudget() => AssertFinds(Clean with { Assembled = new PtxasReport(65, 0, 0, 0, 0, null) }, FindingKind.Registers);

    [Test]
    public void MoreThreadsThanThePtxAllows() => AssertFinds(Clean with { Entry = Clean.Entry with { Threads = 288 } }, FindingKind.Launch);

    [Test]
    public void MoreSharedMemoryThanABlockMayHave() => AssertFinds(Clean with { Entry = Clean.Entry with { DynamicShared = 228 * 1024 } }, FindingKind.Launch);

    // Figures of NVIDIA's occupancy calculator.
    [TestCase("sm_80", 256, 32, 0, 8, "warps")]
    [TestCase("sm_80", 256, 33, 0, 6, "registers")]
    [TestCase("sm_80", 128, 255, 0, 2, "registers")]
    [TestCase("sm_80", 1024, 64, 0, 1, "registers")]
    [TestCase("sm_80", 1024, 65, 0, 0, "registers")]
    [TestCase("sm_80", 32, 32, 0, 32, "blocks")]
    [TestCase("sm_80", 128, 32, 48 * 1024, 3, "shared")]
    [TestCase("sm_90", 128, 32, 48 * 1024, 4, "shared")]
    [TestCase("sm_90", 128, 32, 227 * 1024, 1, "shared")]
    [TestCase("sm_90", 96, 168, 0, 4, "registers")]
    public void BlocksHeldAtOnce(string name, int threads, int registers, int shared, int blocks, string limit)
    {
        Occupancy occupancy = Occupancy.Of(Architecture.All.Single(a => a.Name == name), threads, registers, shared);
        Assert.That((occupancy.Blocks, occupancy.Limit), Is.EqualTo((blocks, limit)));
        Assert.That(occupancy.Warps, Is.EqualTo(blocks * ((threads + 31) / 32)));
    }

    // Issue is one instruction a clock; 16 lanes of a sub-partition do integers, 8 memory words, 4 special functions.
    [TestCase("sm_90", "LOP3.LUT R0, R0, R1, R2 ;", 4, 8, "int")]
    [TestCase("sm_90", "IMAD R0, R0, R1, R2 ;", 4, 8, "imad+fp32")]
    [TestCase("sm_90", "FFMA R0, R0, R1, R2 ;", 4, 4, "issue")]
    [TestCase("sm_80", "FFMA R0, R0, R1, R2 ;", 4, 8, "imad+fp32")]
    [TestCase("sm_90", "DADD R0, R0, R2 ;", 4, 8, "fp64")]
    [TestCase("sm_80", "DADD R0, R0, R2 ;", 4, 16, "fp64")]
    [TestCase("sm_90", "LDS.64 R0, [R2] ;", 4, 32, "memory")]
    [TestCase("sm_90", "SHFL.UP PT, R0, R1, 0x1, RZ ;", 4, 16, "memory")]
    [TestCase("sm_90", "MUFU.EX2 R0, R1 ;", 4, 32, "special")]
    public void ClocksByPipe(string name, string instruction, int count, double clocks, string limit)
    {
        SassListing listing = Sass(string.Concat(Enumerable.Range(0, count).Select(i => $"        /*{16 * i:x4}*/    {instruction}\n")));
        IssueModel model = IssueModel.Of(Architecture.All.Single(a => a.Name == name), InstructionMix.Of(listing.Kernel));
        Assert.That((model.Clocks, model.Limit), Is.EqualTo((clocks, limit)));
    }

    [Test]
    public void JsonSaysWhatTheTableSays()
    {
        KernelFacts[] all = [Clean, Clean with { Assembled = Failed("syntax error"), Sass = null, UncontractedSass = null }];
        JsonNode root = JsonNode.Parse(GateReport.ToJson("12.4.131", all, all.SelectMany(KernelGate.Judge)))!;
        JsonNode loop = root["kernels"]![0]!["loops"]![0]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)root["kernels"]![0]!["registers"]!, Is.EqualTo(64));
            Assert.That((int)root["kernels"]![0]!["occupancy"]!["warps"]!, Is.EqualTo(32));
            Assert.That((double)loop["clocks_per_warp"]!, Is.EqualTo(8), "two words of memory");
            Assert.That((double)loop["clocks_of_all_warps"]!, Is.EqualTo(64));
            Assert.That((string?)root["findings"]![0]!["kind"], Is.EqualTo("Rejected"));
        }

        using StringWriter table = new();
        GateReport.WriteTable(table, all);
        Assert.That(table.ToString(), Does.Contain("loop at 0x0"));
    }

    private static SassListing Sass(string body) => SassListing.Parse(SassTests.Kernel(body));

    private static PtxasReport Failed(string error) => new(0, 0, 0, 0, 0, error);

    private static void AssertFinds(KernelFacts facts, FindingKind kind)
    {
        IReadOnlyList<Finding> findings = KernelGate.Judge(facts);
        Assert.That(findings.Select(static f => f.Kind), Is.EqualTo(new[] { kind }));
        Assert.That(findings[0].ToString(), Does.StartWith("k, sm_90: ").And.EndsWith("."));
    }
}
