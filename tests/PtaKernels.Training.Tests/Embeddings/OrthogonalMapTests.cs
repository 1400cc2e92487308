using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Embeddings;

/// <summary>The map itself, and whole numbers of its vectors.</summary>
public sealed class OrthogonalMapTests
{
    [Test]
    public void VectorsAreRoundedAsByHand()
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        // 0.6 x 128 = 76.8, 0.8 x 128 = 102.4; 128 itself is cut to 127; 64.5 and 65.5 go to the even neighbour.
        float[,] rows = { { 0.6f, -0.8f, 0 }, { 1, 0, 0 }, { -1, 0, 0 }, { 64.5f / 128, 65.5f / 128, -64.5f / 128 }, { 0, 0, 0 } };
        int[][] expected = [[77, -102, 0], [127, 0, 0], [-127, 0, 0], [64, 66, -64], [0, 0, 0]];
        sbyte[] found = OrthogonalMap.Quantise(tensor(rows), 64);
        Assert.That(found.Select(static n => (int)n), Is.EqualTo(expected.SelectMany(static row => row.Concat(new int[61]))));
    }

    [Test]
    public void OfTwoDimensionsTheRotationIsTheOneByHand()
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        // A quarter turn: (x, y) goes to (-y, x). Partners coincide in the common space, others keep their angle.
        using var map = OrthogonalMap.Fit(tensor(new float[,] { { 1, 0 }, { 0, 1 }, { 0.6f, 0.8f } }), tensor(new float[,] { { 0, 1 }, { -1, 0 }, { -0.8f, 0.6f } }), 2);
        Tensor theirs = OrthogonalMap.Project(tensor(new float[,] { { 0.8f, -0.6f }, { 0, 0 } }), map.Source);
        Tensor ours = OrthogonalMap.Project(tensor(new float[,] { { 0.6f, 0.8f }, { 1, 0 }, { 0, 1 } }), map.Target);
        Assert.That(theirs.matmul(ours.transpose(0, 1)).data<float>().ToArray(), Is.EqualTo(new[] { 1f, 0.6f, 0.8f, 0, 0, 0 }).Within(1e-6f));
    }

    [Test]
    public void ARandomProjectionFindsTheSameSpace()
    {
        TorchRuntime.Load();
        using var scope = NewDisposeScope();
        using var generator = new Generator(4);
        // Directions fade, as those of trained tables do.
        Tensor scale = pow(0.9, arange(100, ScalarType.Float32));
        Tensor source = Normal(2000, 100) * scale, target = (source + (0.1 * Normal(2000, 100) * scale)).matmul(linalg.qr(Normal(100, 100)).Q);
        using OrthogonalMap exact = OrthogonalMap.Fit(source, target, 20), random = OrthogonalMap.Fit(source, target, 20, exactWidth: 0), again = OrthogonalMap.Fit(source, target, 20, exactWidth: 0);
        float[] one = Cosines(exact), other = Cosines(random);
        Assert.That(other, Is.EqualTo(one).Within(1e-3f));
        Assert.That(Cosines(again), Is.EqualTo(other), "seeded");

        Tensor Normal(long rows, long columns) => empty([rows, columns], ScalarType.Float32).normal_(0, 1, generator);

        float[] Cosines(OrthogonalMap map) =>
            OrthogonalMap.Project(source.narrow(0, 0, 50), map.Source).matmul(OrthogonalMap.Project(target.narrow(0, 0, 50), map.Target).transpose(0, 1)).data<float>().ToArray();
    }
}
