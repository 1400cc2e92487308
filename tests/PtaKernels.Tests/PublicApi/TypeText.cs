using System.Reflection;
using System.Runtime.CompilerServices;

namespace PtaKernels.Tests.PublicApi;

/// <summary>Types as C# writes them.</summary>
internal static class TypeText
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort",
        [typeof(int)] = "int", [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
        [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal", [typeof(char)] = "char", [typeof(string)] = "string", [typeof(object)] = "object",
    };

    /// <summary>The line of a type: its kind, its name, what it derives from and implements.</summary>
    public static string Declaration(Type type)
    {
        if (type.BaseType == typeof(MulticastDelegate))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {Name(invoke.ReturnType)} {type.Namespace}.{Name(type)}({string.Join(", ", invoke.GetParameters().Select(static p => $"{Name(p.ParameterType)} {p.Name}"))})";
        }

        IEnumerable<string> bases = new[] { type.BaseType }
            .Where(b => b is not null && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum)).Select(static b => Name(b!))
            .Concat(OwnInterfaces(type).Where(i => i != typeof(IEquatable<>).MakeGenericTypeOf(type)).Select(static i => Name(i)).Order(StringComparer.Ordinal));
        if (type.IsEnum)
            bases = Enum.GetUnderlyingType(type) == typeof(int) ? [] : [Name(Enum.GetUnderlyingType(type))];
        string list = string.Join(", ", bases);
        string constraints = string.Concat(type.GetGenericArguments().Where(static a => a.IsGenericParameter).Select(Constraint));
        return $"{Kind(type)} {type.Namespace}.{Name(type)}{(list.Length == 0 ? "" : " : " + list)}{constraints}";
    }

    /// <summary>A type without namespaces; nested types behind those that hold them.</summary>
    public static string Name(Type type)
    {
        if (type.IsByRef || type.IsPointer)
            return Name(type.GetElementType()!) + (type.IsPointer ? "*" : "");
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Name(value) + "?";
        if (type.IsGenericParameter)
            return type.Name;
        return Named(type, [.. type.GetGenericArguments().Select(Name)]);
    }

    /// <summary>The same with the question marks of references that may be null.</summary>
    public static string Of(NullabilityInfo info)
    {
        Type type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        string text = type.IsArray && info.ElementType is { } element ? $"{Of(element)}[{new string(',', type.GetArrayRank() - 1)}]"
            : type.IsGenericType && Nullable.GetUnderlyingType(type) is null && info.GenericTypeArguments.Length == type.GetGenericArguments().Length
                ? Named(type, [.. info.GenericTypeArguments.Select(Of)])
            : Name(type);
        bool mayBeNull = !type.IsValueType && !type.IsGenericParameter
            && (info.ReadState == NullabilityState.Nullable || (info.ReadState == NullabilityState.Unknown && info.WriteState == NullabilityState.Nullable));
        return mayBeNull ? text + "?" : text;
    }

    /// <summary>What a generic parameter must be, as C# says it behind the name; empty where it may be anything.</summary>
    public static string Constraint(Type parameter)
    {
        GenericParameterAttributes attributes = parameter.GenericParameterAttributes;
        bool isUnmanaged = parameter.GetGenericParameterConstraints().Any(static c => c == typeof(ValueType)) && parameter.CustomAttributes.Any(static a => a.AttributeType.Name == "IsUnmanagedAttribute");
        List<string> parts = [];
        if (isUnmanaged)
            parts.Add("unmanaged");
        else if (attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
            parts.Add("struct");
        if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            parts.Add("class");
        parts.AddRange(parameter.GetGenericParameterConstraints().Where(static c => c != typeof(ValueType)).Select(Name));
        return parts.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", parts)}";
    }

    private static string Named(Type type, string[] arguments)
    {
        if (Keywords.TryGetValue(type, out string? keyword))
            return keyword;
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
            return $"({string.Join(", ", arguments)})";
        int outer = type.DeclaringType?.GetGenericArguments().Length ?? 0;
        string prefix = type.DeclaringType is { } holder ? Named(holder, arguments[..outer]) + "." : "";
        string[] own = arguments[outer..];
        return prefix + type.Name.Split('`')[0] + (own.Length == 0 ? "" : $"<{string.Join(", ", own)}>");
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return "enum";
        if (type.IsInterface)
            return "interface";
        bool isRecord = type.GetMethods(BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly).Any(static m => m.Name == "PrintMembers");
        if (type.IsValueType)
            return (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + (isRecord ? "record struct" : "struct");
        string modifier = type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        return modifier + (isRecord ? "record" : "class");
    }

    private static IEnumerable<Type> OwnInterfaces(Type type)
    {
        Type[] all = type.GetInterfaces();
        return all.Where(i => i.IsPublic && !all.Any(other => other != i && other.GetInterfaces().Contains(i)) && type.BaseType?.GetInterfaces().Contains(i) != true);
    }

    private static Type MakeGenericTypeOf(this Type definition, Type argument) => argument.IsByRefLike ? typeof(void) : definition.MakeGenericType(argument);
}
