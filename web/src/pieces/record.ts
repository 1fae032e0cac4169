import '../screens/record';
