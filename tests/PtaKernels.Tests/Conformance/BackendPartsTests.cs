using PtaKernels.Rules;

namespace PtaKernels.Tests.Conformance;

/// <summary>What a backend of one's own builds its answers from refuses what cannot be one.</summary>
public sealed class BackendPartsTests
{
    private static readonly RowProvenance[] TwoRows = [new(RowRule.None), new(RowRule.Group)];

    [Test]
    public void ADocumentIsItsArrays()
    {
        var document = new AlignedDocument("a", OutputUnit.Probabilities, [0, 0, 2], [5, 7], [0.5, 0.5], TwoRows);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(document.IndicesOf(0).IsEmpty);
            Assert.That(document.IndicesOf(1).ToArray(), Is.EqualTo(new[] { 5, 7 }));
            Assert.That(document.Starts.ToArray(), Is.EqualTo(new[] { 0, 0, 2 }));
        }
    }

    [TestCase(new[] { 0, 2 }, 2, 2, TestName = "a start for each row and the end")]
    [TestCase(new[] { 1, 1, 2 }, 2, 2, TestName = "starts begin at 0")]
    [TestCase(new[] { 0, 1, 3 }, 2, 2, TestName = "starts end within the ids")]
    [TestCase(new[] { 0, 1, 2 }, 2, 1, TestName = "a value for each id")]
    [TestCase(new int[0], 2, 2, TestName = "there are starts")]
    public void ADocumentRefusesArraysOfOtherLengths(int[] starts, int indices, int values) =>
        Assert.That(() => new AlignedDocument("a", OutputUnit.Probabilities, starts, new int[indices], new double[values], TwoRows), Throws.ArgumentException);

    [Test]
    public void APairingHasBothEndsOfEveryRange() =>
        Assert.That(static () => new TokenPairing([0, 1], [0]), Throws.ArgumentException);

    [Test]
    public void APathHasNoMoreStepsThanThereWasRoomFor()
    {
        var path = new AlignmentPath();
        path.Reserve(2, 2)[0] = (0, 0);
        path.Complete(1, 4);
        Assert.That(path.Steps.ToArray(), Is.EqualTo(new[] { (0, 0) }));
        Assert.That(() => path.Complete(4, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void ANativeFileIsFoundBesideTheProgram()
    {
        Assert.That(NativeFile.Find("libptakernels.so"), Is.EqualTo(NativeFile.Usual("libptakernels.so")));
        Assert.That(NativeFile.Find("libno-such-thing.so"), Is.Null);
    }
}
