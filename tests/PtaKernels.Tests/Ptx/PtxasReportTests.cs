using PtaKernels.Ptx.Check;

namespace PtaKernels.Tests.Ptx;

/// <summary>What is read of ptxas's messages, of PTX itself and of the list of kernels.</summary>
public sealed class PtxasReportTests
{
    private const string Header = "kernel\tthreads\tregisters\tdynamic_shared\texact_float64";

    [Test]
    public void NumbersOfAnAssembledKernel()
    {
        PtxasReport report = PtxasReport.Parse("""
            ptxas info    : 0 bytes gmem
            ptxas info    : Compiling entry function 'k' for 'sm_80'
            ptxas info    : Function properties for k
                96 bytes stack frame, 92 bytes spill stores, 88 bytes spill loads
            ptxas info    : Function properties for helper
                8 bytes stack frame, 4 bytes spill stores, 0 bytes spill loads
            ptxas info    : Used 27 registers, 2048 bytes smem, 388 bytes cmem[0]
            """);
        Assert.That(report, Is.EqualTo(new PtxasReport(27, 96, 96, 88, 2048, null)));
    }

    [TestCase("ptxas fatal   : Unresolved extern function 'f'", "Unresolved extern function 'f'")]
    [TestCase("ptxas k.ptx, line 12; error   : Feature 'x' requires .target sm_90 or higher", "Feature 'x' requires .target sm_90 or higher")]
    [TestCase("ptxas k.ptx, line 12; fatal   : Parsing error near 'x': syntax error\nptxas fatal   : Ptx assembly aborted due to errors", "Parsing error near 'x': syntax error")]
    public void ErrorsAreFound(string output, string expected) => Assert.That(PtxasReport.Parse(output).Error, Is.EqualTo(expected));

    [Test]
    public void SilenceIsAnError() => Assert.That(PtxasReport.Parse("ptxas info    : 0 bytes gmem\n").Error, Is.Not.Null);

    [Test]
    public void PtxItself()
    {
        PtxText ptx = PtxText.Parse("""
            // add.f64 in a comment
            .version 8.0
            .target sm_90, texmode_independent
            .extern .func (.param .f64 r) outside(.param .f64 x);
            .visible .entry kernel_1(.param .u64 a)
            .maxntid 64, 2, 1
            {
                mul.f64 %fd1, %fd1, %fd2; /* mul.f64 */
                add.rn.f64 %fd1, %fd1, %fd2;
                add.f32 %f1, %f1, %f2;
                fma.rn.f64 %fd1, %fd1, %fd2, %fd3;
            }
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ptx.Target, Is.EqualTo("sm_90"));
            Assert.That(ptx.Entry, Is.EqualTo("kernel_1"));
            Assert.That(ptx.MaxThreads, Is.EqualTo(128));
            Assert.That(ptx.Unresolved, Is.EqualTo(new[] { "outside" }));
            Assert.That(ptx.FusedFloat64, Is.EqualTo(1));
            Assert.That(ptx.ContractableFloat64, Is.EqualTo(1));
        }
    }

    [Test]
    public void ListOfKernels()
    {
        ListedKernel[] plain = [.. ListedKernel.ReadAll([Header, "a\t256\t64\t1024\t1", "# a comment"])];
        ListedKernel[] more = [.. ListedKernel.ReadAll([Header + "\tarchitecture\texpected", "b\t32\t8\t0\t0\t90\tSpill,Registers", "c\t32\t8\t0\t0\t80\t-"])];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plain, Has.Length.EqualTo(1));
            Assert.That(plain[0] with { Expected = [] }, Is.EqualTo(new ListedKernel("a", 256, 64, 1024, true, 80, [])));
            Assert.That(more.Select(static k => k.Lowest), Is.EqualTo(new[] { 90, 80 }));
            Assert.That(more[0].Expected, Is.EqualTo(new[] { FindingKind.Spill, FindingKind.Registers }));
            Assert.That(more[1].Expected, Is.Empty);
        }
    }

    [TestCase("a\t256\t64\t0", TestName = "too few columns")]
    [TestCase("a\t0\t64\t0\t1", TestName = "no thread")]
    [TestCase("a\t2048\t64\t0\t1", TestName = "too many threads")]
    [TestCase("a\t256\t-1\t0\t1", TestName = "negative registers")]
    [TestCase("a\t256\t64\t0\tyes", TestName = "exact is 0 or 1")]
    public void WrongLinesAreNamed(string line) =>
        Assert.That(() => ListedKernel.ReadAll([Header, line]), Throws.InstanceOf<InvalidDataException>().With.Message.StartsWith("Line 2"));

    [Test]
    public void AListWithoutKernelsIsRefused() => Assert.That(static () => ListedKernel.ReadAll([Header]), Throws.InstanceOf<InvalidDataException>());
}
