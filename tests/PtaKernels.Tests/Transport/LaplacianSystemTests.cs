using PtaKernels.Transport;

namespace PtaKernels.Tests.Transport;

public sealed class LaplacianSystemTests
{
    [Test]
    public void SolvesAGroundedSystem()
    {
        Random random = new(61);
        for (int m = 1; m <= 12; m++)
        {
            double[] weights = new double[m * m], ground = new double[m], expected = new double[m], right = new double[m];
            for (int j = 0; j < m; j++)
            {
                ground[j] = random.NextDouble();
                expected[j] = random.NextDouble() - 0.5;
                for (int k = j + 1; k < m; k++)
                    weights[j * m + k] = random.NextDouble();
            }

            for (int j = 0; j < m; j++)
            {
                right[j] = ground[j] * expected[j];
                for (int k = 0; k < m; k++)
                    right[j] += weights[Math.Min(j, k) * m + Math.Max(j, k)] * (j == k ? 0 : expected[j] - expected[k]);
            }

            LaplacianSystem.Solve(weights, ground, right);
            Assert.That(right, Is.EqualTo(expected).Within(1e-12));
        }
    }

    [Test]
    public void KeepsLinksThatAMatrixWouldLose()
    {
        // A chain 0 - 1 - 2: one unit enters at 0 and leaves at the pinned 2, so each link's drop is 1 / weight.
        double[] weights = [0, 1, 0, 0, 0, 1e-100, 0, 0, 0], x = [1, 0, -1];
        LaplacianSystem.Solve(weights, new double[3], x);
        Assert.That(x[1], Is.EqualTo(1e100).Within(1e-15).Percent);
        Assert.That(x[2], Is.Zero);
    }

    [Test]
    public void NodesCutOffStayAtZero()
    {
        double[] weights = [0, 0, 0, 0, 0, 2, 0, 0, 0], x = [1, 1, -1];
        LaplacianSystem.Solve(weights, new double[3], x);
        Assert.That(x, Is.EqualTo(new[] { 0, 0.5, 0 }));
    }
}
