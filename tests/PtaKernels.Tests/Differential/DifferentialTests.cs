namespace PtaKernels.Tests.Differential;

/// <summary>A million random problems per kernel, on every instruction set, within SPEC A4 of the plain backend; certified transports also by their own certificate.</summary>
[Category("Long")]
public sealed class DifferentialTests
{
    private const int Million = 1_000_000;

    [TestCase("edit-distance")]
    [TestCase("edit-distance-blocks")]
    [TestCase("embedding-distance")]
    [TestCase("nearest-token")]
    [TestCase("alignment-path")]
    [TestCase("official-transport")]
    [TestCase("semi-relaxed-transport")]
    public void AMillionProblems(string kernel) => DifferentialRun.Run(kernel, Million);

    [TestCase("reference-document-rows")]
    [TestCase("paper-document-rows")]
    [TestCase("fusion-document-rows")]
    [TestCase("embedding-document-rows")]
    [TestCase("other-plan-document-rows")]
    public void AMillionRowsOfAllPresets(string preset) => DifferentialRun.Run(preset, Million / 3);

    [Test]
    public void LongPaths() => DifferentialRun.Run("long-alignment-path", 1000);

    // Greenkhorn steps one row or column at a time: the plain backend needs ten times as long as for the others.
    [TestCase("balanced-transport", 50_000)]
    [TestCase("unbalanced-transport", 50_000)]
    [TestCase("greenkhorn-transport", 5_000)]
    [TestCase("exact-transport", 50_000)]
    [Category("Long")]
    public void ManySlowTransports(string kernel, int problems) => DifferentialRun.Run(kernel, problems);

    [TestCase("balanced-transport", Million)]
    [TestCase("unbalanced-transport", Million)]
    [TestCase("greenkhorn-transport", Million / 10)]
    [TestCase("exact-transport", Million)]
    [Category("Nightly")]
    public void ManyMoreSlowTransports(string kernel, int problems) => DifferentialRun.Run(kernel, problems);
}
