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

    [TestCase("balanced-transport")]
    [TestCase("unbalanced-transport")]
    [TestCase("greenkhorn-transport")]
    [TestCase("exact-transport")]
    [Category("Long")]
    public void ManySlowTransports(string kernel) => DifferentialRun.Run(kernel, 50_000);

    [TestCase("balanced-transport")]
    [TestCase("unbalanced-transport")]
    [TestCase("greenkhorn-transport")]
    [TestCase("exact-transport")]
    [Category("Nightly")]
    public void AMillionSlowTransports(string kernel) => DifferentialRun.Run(kernel, Million);
}
